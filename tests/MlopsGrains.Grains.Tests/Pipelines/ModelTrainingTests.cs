using System.Diagnostics;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Grains.Pipelines.Training;

namespace MlopsGrains.Grains.Tests.Pipelines;

public sealed class ModelTrainingTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("fast-tree")]
    [InlineData("fast-forest")]
    [InlineData("logistic-regression")]
    [InlineData("sdca")]
    public void Binary_LearnsTheSameModelTwiceAndScoresWellAfterLoading(string trainer)
    {
        var parts = Read("breast_cancer.csv").Split(42, stratify: 30, 0.25);
        var request = Request($$"""{"trainer":"{{trainer}}","label":"diagnosis","positive":"malignant","seed":42}""");
        var watch = Stopwatch.StartNew();
        var first = new ModelTraining(parts[0], request);
        var curve = first.Curve.Measure(parts[0], parts[1]);
        output.WriteLine($"{trainer}: {watch.ElapsedMilliseconds} ms, {curve.Count} points");

        var loaded = Reload(first.Model, LearningTask.Binary, "diagnosis", "malignant");
        var metrics = loaded.Evaluate(parts[1]).Metrics;
        output.WriteLine(JsonSerializer.Serialize(metrics));
        Assert.InRange(metrics["auc"], 0.97, 1);
        Assert.InRange(metrics["accuracy"], 0.92, 1);
        Assert.Equal(new ModelTraining(parts[0], request).Model.Scores(parts[1]), loaded.Scores(parts[1]));
        Assert.Equal(30, first.Model.Signature().Inputs.Count);
        Assert.Equal(["benign", "malignant"], first.Model.Signature().Classes);
        Assert.Equal(["label:BYTES", "probability:FP32", "score:FP32"], first.Model.Signature().Outputs.Select(s => $"{s.Name}:{s.Datatype}"));
    }

    [Theory]
    [InlineData("fast-tree")]
    [InlineData("fast-forest")]
    public void Curve_LastPrefixOfTheTrees_IsTheWholeModel(string trainer)
    {
        var parts = Read("breast_cancer.csv").Split(1, null, 0.3);
        var training = new ModelTraining(parts[0], Request($$"""{"trainer":"{{trainer}}","label":"diagnosis","positive":"malignant","trees":40}"""));

        var curve = training.Curve.Measure(parts[0], parts[1]).Where(p => p.Metric == "validation_auc").ToList();
        var loss = training.Curve.Measure(parts[0], parts[1]).Last(p => p.Metric == "validation_log_loss");

        Assert.Equal(Enumerable.Range(1, 40), curve.Select(p => p.Step));
        Assert.Equal(training.Model.Evaluate(parts[1]).Metrics["auc"], curve[^1].Value, 1e-3);
        Assert.Equal(training.Model.Evaluate(parts[1]).Metrics["log_loss"], loss.Value, 1e-3);
    }

    [Theory]
    [InlineData("fast-tree")]
    [InlineData("fast-forest")]
    [InlineData("logistic-regression")]
    [InlineData("sdca")]
    public void Multiclass_LearnsIris(string trainer)
    {
        var parts = Read("iris.csv").Split(7, stratify: 4, 0.3);
        var training = new ModelTraining(parts[0], Request($$"""{"task":"multiclass","trainer":"{{trainer}}","label":"species","trees":20,"iterations":50}"""));

        var loaded = Reload(training.Model, LearningTask.Multiclass, "species", null);

        Assert.InRange(loaded.Evaluate(parts[1]).Metrics["accuracy"], 0.85, 1);
        Assert.Equal(["setosa", "versicolor", "virginica"], loaded.Evaluate(parts[1]).Classes);
        Assert.Equal([-1, 3], loaded.Signature().Outputs[1].Shape);
    }

    [Theory]
    [InlineData("fast-tree")]
    [InlineData("fast-forest")]
    [InlineData("sdca")]
    public void Regression_LearnsDiabetes(string trainer)
    {
        var parts = Read("diabetes.csv").Split(7, null, 0.3);
        var training = new ModelTraining(parts[0], Request($$"""{"task":"regression","trainer":"{{trainer}}","label":"progression","leaves":8,"trees":50}"""));

        Assert.InRange(Reload(training.Model, LearningTask.Regression, "progression", null).Evaluate(parts[1]).Metrics["r2"], 0.25, 1);
        Assert.NotEmpty(training.Curve.Measure(parts[0], parts[1]));
    }

    [Fact]
    public void Features_OfTextAndWithGaps_AreLearned()
    {
        var random = new Random(1);
        var rows = Enumerable.Range(0, 400).Select(i => new[] { i % 3 == 0 ? "red" : "blue", i % 7 == 0 ? "" : random.Next(100).ToString(System.Globalization.CultureInfo.InvariantCulture), i % 3 == 0 ? "yes" : "no" }).ToList();
        var table = new Table(["colour", "noise", "label"], rows);

        foreach (var trainer in new[] { "fast-tree", "logistic-regression" })
        {
            var model = new ModelTraining(table, Request($$"""{"trainer":"{{trainer}}","label":"label","positive":"yes"}""")).Model;
            Assert.Equal(1, Reload(model, LearningTask.Binary, "label", "yes").Evaluate(table).Metrics["accuracy"]);
            Assert.Equal(["BYTES", "FP32"], model.Signature().Inputs.Select(s => s.Datatype));
        }
    }

    [Theory]
    [InlineData("""{"trainer":"xgboost","label":"diagnosis","positive":"malignant"}""", "with.trainer", "expected one of fast-tree, fast-forest, logistic-regression, sdca")]
    [InlineData("""{"trainer":"fast-tree","label":"diagnosis","positive":"bad"}""", "with.positive", "malignant, benign")]
    [InlineData("""{"trainer":"fast-tree","label":"nope","positive":"malignant"}""", "with.label", "'nope'")]
    [InlineData("""{"trainer":"fast-tree","label":"diagnosis","positive":"malignant","trees":0}""", "with.trees", "1–2000")]
    [InlineData("""{"trainer":"fast-tree","label":"diagnosis","positive":"malignant","features":["diagnosis"]}""", "with.features", "is the label")]
    [InlineData("""{"task":"regression","trainer":"logistic-regression","label":"x"}""", "with.trainer", "not for the task regression")]
    [InlineData("""{"trainer":"fast-tree","positive":"malignant"}""", "with.label", "required")]
    public void Request_ThatCannotBeServed_IsRefusedByName(string with, string field, string message)
    {
        var e = Assert.Throws<MlopsException>(() => new ModelTraining(Read("breast_cancer.csv"), Request(with)));

        Assert.Equal((ErrorKind.InvalidInput, field), (e.Kind, e.Field));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Split_IsSeededStratifiedAndLosesNothing()
    {
        var table = Read("breast_cancer.csv");

        var parts = table.Split(42, stratify: 30, 0.25, 0.15);
        var again = table.Split(42, stratify: 30, 0.25, 0.15);

        Assert.Equal(569, parts.Sum(p => p.Rows.Count));
        Assert.Equal(569, parts.SelectMany(p => p.Rows).Distinct().Count());
        Assert.All(parts, p => Assert.Equal(212.0 / 569, (double)p.Rows.Count(r => r[30] == "malignant") / p.Rows.Count, 0.01));
        Assert.All(parts.Zip(again), p => Assert.Equal(p.First.Rows, p.Second.Rows));
        Assert.NotEqual(parts[1].Rows, table.Split(43, stratify: 30, 0.25, 0.15)[1].Rows);
    }

    [Fact]
    public void Evaluation_AgreesWithReferenceValues()
    {
        bool[] actual = [true, true, false, true, false, false, true, false];
        double[] score = [0.9, 0.8, 0.8, 0.6, 0.4, 0.3, 0.3, 0.1];

        // Of 16 pairs the positive is above in 11, equal in 2.
        Assert.Equal(12.0 / 16, Evaluation.Auc(actual, score)!.Value, 12);
        Assert.Null(Evaluation.Auc([true, true], [0.1, 0.2]));
        var metrics = Evaluation.Binary(actual, score, [.. score.Select(s => s >= 0.5)], "n", "p").Metrics;
        Assert.Equal((0.75, 0.75), (metrics["accuracy"], metrics["f1"]));
    }

    private static Table Read(string name)
    {
        using var stream = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "testdata", name));
        return Table.ReadCsv(stream);
    }

    private static TrainingRequest Request(string with) => TrainingRequest.Read(new StepInputs(JsonSerializer.Deserialize<JsonElement>(with)), threads: 1);

    private static TrainedModel Reload(TrainedModel model, LearningTask task, string label, string? positive)
    {
        using var file = new MemoryStream();
        model.Save(file);
        file.Position = 0;
        return TrainedModel.Load(file, task, label, positive);
    }
}
