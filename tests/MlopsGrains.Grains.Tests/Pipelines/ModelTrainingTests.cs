using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Options;
using MlopsGrains.Algorithms.Models;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Grains.Pipelines.Training;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Pipelines;

public sealed class ModelTrainingTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

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
        var first = Train(parts[0], request);
        var curve = first.Curve.Measure(parts[0], parts[1]);
        output.WriteLine($"{trainer}: {watch.ElapsedMilliseconds} ms, {curve.Count} points");

        var loaded = Reload(first.Model, LearningTask.Binary, "diagnosis", "malignant");
        var metrics = loaded.Evaluate(parts[1], Token).Metrics;
        output.WriteLine(JsonSerializer.Serialize(metrics));
        Assert.InRange(metrics["auc"], 0.97, 1);
        Assert.InRange(metrics["accuracy"], 0.92, 1);
        Assert.Equal(Train(parts[0], request).Model.Scores(parts[1]), loaded.Scores(parts[1]));
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
        var training = Train(parts[0], Request($$"""{"trainer":"{{trainer}}","label":"diagnosis","positive":"malignant","trees":40}"""));

        var curve = training.Curve.Measure(parts[0], parts[1]).Where(p => p.Metric == "validation_auc").ToList();
        var loss = training.Curve.Measure(parts[0], parts[1]).Last(p => p.Metric == "validation_log_loss");

        Assert.Equal(Enumerable.Range(1, 40), curve.Select(p => p.Step));
        Assert.Equal(training.Model.Evaluate(parts[1], Token).Metrics["auc"], curve[^1].Value, 1e-3);
        Assert.Equal(training.Model.Evaluate(parts[1], Token).Metrics["log_loss"], loss.Value, 1e-3);
    }

    [Theory]
    [InlineData("fast-tree")]
    [InlineData("fast-forest")]
    [InlineData("logistic-regression")]
    [InlineData("sdca")]
    public void Multiclass_LearnsIris(string trainer)
    {
        var parts = Read("iris.csv").Split(7, stratify: 4, 0.3);
        var training = Train(parts[0], Request($$"""{"task":"multiclass","trainer":"{{trainer}}","label":"species","trees":20,"iterations":50}"""));

        var loaded = Reload(training.Model, LearningTask.Multiclass, "species", null);

        Assert.InRange(loaded.Evaluate(parts[1], Token).Metrics["accuracy"], 0.85, 1);
        Assert.Equal(["setosa", "versicolor", "virginica"], loaded.Evaluate(parts[1], Token).Classes);
        Assert.Equal([-1, 3], loaded.Signature().Outputs[1].Shape);
    }

    [Theory]
    [InlineData("fast-tree")]
    [InlineData("fast-forest")]
    [InlineData("sdca")]
    public void Regression_LearnsDiabetes(string trainer)
    {
        var parts = Read("diabetes.csv").Split(7, null, 0.3);
        var training = Train(parts[0], Request($$"""{"task":"regression","trainer":"{{trainer}}","label":"progression","leaves":8,"trees":50}"""));

        Assert.InRange(Reload(training.Model, LearningTask.Regression, "progression", null).Evaluate(parts[1], Token).Metrics["r2"], 0.25, 1);
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
            var model = Train(table, Request($$"""{"trainer":"{{trainer}}","label":"label","positive":"yes"}""")).Model;
            Assert.Equal(1, Reload(model, LearningTask.Binary, "label", "yes").Evaluate(table, Token).Metrics["accuracy"]);
            Assert.Equal(["BYTES", "FP32"], model.Signature().Inputs.Select(s => s.Datatype));
        }
    }

    [Theory]
    [InlineData("""{"trainer":"fast-tree","label":"diagnosis","positive":"bad"}""", "with.positive", "malignant, benign")]
    [InlineData("""{"trainer":"fast-tree","label":"nope","positive":"malignant"}""", "with.label", "'nope'")]
    [InlineData("""{"trainer":"fast-tree","label":"diagnosis","positive":"malignant","features":["diagnosis"]}""", "with.features", "is the label")]
    public void Request_ThatCannotBeServed_IsRefusedByName(string with, string field, string message)
    {
        var e = Assert.Throws<MlopsException>(() => Train(Read("breast_cancer.csv"), Request(with)));

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
        Assert.Equal(12.0 / 16, BinaryClassificationMetrics.RocAucOf([.. actual], [.. score])!.Value, 12);
        Assert.Contains("row 2 is Infinity", Assert.Throws<MlopsException>(() => Evaluation.Regression([1, 2], [1, double.PositiveInfinity])).Message, StringComparison.Ordinal);
        Assert.Null(BinaryClassificationMetrics.RocAucOf([true, true], [0.1, 0.2]));
        var metrics = Evaluation.Binary(actual, score, [.. score.Select(s => s >= 0.5)], "n", "p").Metrics;
        Assert.Equal((0.75, 0.75), (metrics["accuracy"], metrics["f1"]));
    }

    [Theory]
    [InlineData("binary", "fast-tree")]
    [InlineData("binary", "fast-forest")]
    [InlineData("multiclass", "fast-tree")]
    [InlineData("multiclass", "fast-forest")]
    [InlineData("binary", "logistic-regression")]
    public void Gaps_AreSeenByEveryTrainer(string task, string trainer)
    {
        var parts = Missing().Split(1, null, 0.25);

        var model = Train(parts[0], Request($$"""{"task":"{{task}}","trainer":"{{trainer}}","label":"l","positive":"yes","trees":30,"iterations":30}""")).Model;

        Assert.InRange(Reload(model, Enum.Parse<LearningTask>(task, ignoreCase: true), "l", "yes").Evaluate(parts[1], Token).Metrics["accuracy"], 0.93, 1);
    }

    [Theory]
    [InlineData("fast-tree")]
    [InlineData("fast-forest")]
    public void Gaps_AreSeenByRegressionTrees(string trainer)
    {
        var parts = new Table(["m", "t"], [.. Missing().Rows.Select(r => new[] { r[0], r[^1] == "yes" ? "10" : "0" })]).Split(1, null, 0.25);

        var model = Train(parts[0], Request($$"""{"task":"regression","trainer":"{{trainer}}","label":"t","trees":30}""")).Model;

        Assert.InRange(model.Evaluate(parts[1], Token).Metrics["r2"], 0.7, 1);
    }

    [Theory]
    [InlineData("fast-tree")]
    [InlineData("fast-forest")]
    public void Rows_ThatAllHaveAGap_AreLearned(string trainer)
    {
        var rows = Enumerable.Range(0, 200).Select(i => new[] { i % 2 == 0 ? "" : "1", i % 2 == 0 ? "2" : "", i % 2 == 0 ? "yes" : "no" }).ToList();

        var model = Train(new Table(["a", "b", "l"], rows), Request($$"""{"trainer":"{{trainer}}","label":"l","positive":"yes"}""")).Model;

        Assert.Equal(1, model.Evaluate(new Table(["a", "b", "l"], rows), Token).Metrics["accuracy"]);
    }

    [Theory]
    [InlineData("fast-tree", 40)]
    [InlineData("fast-forest", 40)]
    [InlineData("fast-forest", 10)]
    [InlineData("fast-forest", 1)]
    public void RegressionCurve_HasAPointForEveryTreeAndEndsAtTheModel(string trainer, int trees)
    {
        var parts = new Table(["x", "t"], [.. Enumerable.Range(0, 200).Select(i => new[] { $"{i}", $"{i + 100}" })]).Split(1, null, 0.25);
        var training = Train(parts[0], Request($$"""{"task":"regression","trainer":"{{trainer}}","label":"t","trees":{{trees}}}"""));

        var curve = training.Curve.Measure(parts[0], parts[1]).Where(p => p.Metric == "validation_rmse").ToList();

        var rmse = training.Model.Evaluate(parts[1], Token).Metrics["rmse"];
        Assert.Equal(Enumerable.Range(1, trees), curve.Select(p => p.Step));
        Assert.Equal(rmse, curve[^1].Value, rmse * 1e-4);
        Assert.All(curve, p => Assert.InRange(p.Value, 0, 200));
    }

    [Theory]
    [InlineData("binary", "fast-forest", 18, "with.min_rows_per_leaf", "has 18 rows; with min_rows_per_leaf 10 a tree needs at least 20")]
    [InlineData("binary", "fast-tree", 6, "with.min_rows_per_leaf", "has 6 rows")]
    [InlineData("regression", "fast-forest", 19, "with.min_rows_per_leaf", "has 19 rows")]
    [InlineData("multiclass", "fast-forest", 19, "with.min_rows_per_leaf", "has 19 rows")]
    [InlineData("multiclass", "sdca", 0, "with.train", "no rows")]
    public void TooFewRows_AreRefusedInASentence(string task, string trainer, int rows, string field, string message)
    {
        var table = new Table(["x", "l"], [.. Enumerable.Range(0, rows).Select(i => new[] { $"{i}", $"{i % 2}" })]);

        var e = Assert.Throws<MlopsException>(() => Train(table, Request($$"""{"task":"{{task}}","trainer":"{{trainer}}","label":"l","positive":"1"}""")));

        Assert.Equal(field, e.Field);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fast-tree")]
    [InlineData("fast-forest")]
    public void Features_ThatDoNotVary_AreRefusedInASentence(string trainer)
    {
        var table = new Table(["x", "l"], [.. Enumerable.Range(0, 60).Select(i => new[] { "1", $"{i % 2}" })]);

        var e = Assert.Throws<MlopsException>(() => Train(table, Request($$"""{"trainer":"{{trainer}}","label":"l","positive":"1"}""")));

        Assert.Contains("No tree could grow", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_OfTheLabelAlone_IsRefusedInASentence()
    {
        var table = new Table(["l"], [.. Enumerable.Range(0, 40).Select(i => new[] { $"{i % 2}" })]);

        var e = Assert.Throws<MlopsException>(() => Train(table, Request("""{"trainer":"sdca","label":"l","positive":"1"}""")));

        Assert.Equal("The training data has no columns to learn from besides the label 'l'.", e.Message);
    }

    [Fact]
    public void Trainer_ThatGivesUp_IsQuotedWithoutItsCode()
    {
        var table = new Table(["x", "l"], [.. Enumerable.Range(0, 100).Select(i => new[] { $"0.{i}", i % 2 == 0 ? "3e38" : "-3e38" })]);

        var e = Assert.Throws<MlopsException>(() => Train(table, Request("""{"task":"regression","trainer":"sdca","label":"l"}""")));

        Assert.Equal("sdca cannot learn from this data. ML.NET says: Cannot initialize linear predictor with non-finite weights", e.Message);
    }

    [Theory]
    [InlineData("sdca")]
    [InlineData("fast-tree")]
    public void Label_OfOneValue_IsRefusedInASentence(string trainer)
    {
        var table = new Table(["x", "l"], [.. Enumerable.Range(0, 40).Select(i => new[] { $"{i}", "a" })]);

        var e = Assert.Throws<MlopsException>(() => Train(table, Request($$"""{"task":"multiclass","trainer":"{{trainer}}","label":"l"}""")));

        Assert.Equal(("with.label", "The label 'l' has one value, 'a', in the training data; a classifier needs two or more."), (e.Field, e.Message));
    }

    [Theory]
    [InlineData("binary")]
    [InlineData("multiclass")]
    [InlineData("regression")]
    public void Rows_WithoutALabel_AreRefusedForEveryTask(string task)
    {
        var whole = new Table(["x", "l"], [.. Enumerable.Range(0, 60).Select(i => new[] { $"{i}", $"{i % 2}" })]);
        var gaps = new Table(["x", "l"], [.. Enumerable.Range(0, 60).Select(i => new[] { $"{i}", i is 3 or 7 ? "" : $"{i % 2}" })]);
        var request = Request($$"""{"task":"{{task}}","trainer":"sdca","label":"l","positive":"1","iterations":5}""");

        foreach (var refused in new Func<object>[] { () => Train(gaps, request), () => Train(whole, request).Model.Evaluate(gaps, Token) })
        {
            var e = Assert.Throws<MlopsException>(refused);
            Assert.Equal(("with.label", "The label 'l' has no value in 2 of 60 rows, first in row 4; leave such rows out of the data, or fill them in."), (e.Field, e.Message));
        }
    }

    [Fact]
    public void MacroF1_IsTheMeanOverTheClassesThatOccur()
    {
        string[] actual = [.. Enumerable.Repeat("a", 18), .. Enumerable.Repeat("b", 20), .. Enumerable.Repeat("c", 12)];
        string[] predicted = [.. Enumerable.Repeat("a", 19), .. Enumerable.Repeat("b", 19), .. Enumerable.Repeat("c", 12)];
        float[][] sure = [.. actual.Select(_ => new[] { 0.25f, 0.25f, 0.25f, 0.25f })];

        Assert.Equal(0.982444, Evaluation.Multiclass(actual, sure, predicted, ["a", "b", "c", "rare"]).Metrics["f1"], 6);
    }

    [Theory]
    [InlineData("binary", "fast-tree")]
    [InlineData("binary", "fast-forest")]
    [InlineData("binary", "logistic-regression")]
    [InlineData("binary", "sdca")]
    [InlineData("multiclass", "fast-tree")]
    [InlineData("multiclass", "fast-forest")]
    [InlineData("multiclass", "logistic-regression")]
    [InlineData("multiclass", "sdca")]
    [InlineData("regression", "fast-tree")]
    [InlineData("regression", "fast-forest")]
    [InlineData("regression", "sdca")]
    public async Task Training_ThatIsToldToStop_Stops(string task, string trainer)
    {
        // Far more work than the test may take; the time to stop is what is measured.
        var random = new Random(1);
        var rows = Enumerable.Range(0, 10_000).Select(i => Enumerable.Range(0, 10).Select(_ => $"{random.NextDouble()}").Append($"{random.Next(task == "multiclass" ? 3 : 2)}").ToArray()).ToList();
        var table = new Table([.. Enumerable.Range(0, 10).Select(i => $"x{i}"), "l"], rows);
        var request = Request($$"""{"task":"{{task}}","trainer":"{{trainer}}","label":"l","positive":"1","trees":2000,"leaves":200,"iterations":10000,"l1":0,"l2":0.0000001}""");
        using var stop = new CancellationTokenSource();
        var training = Task.Run(() => new ModelTraining(table, request, stop.Token).Curve.Measure(table, null), Token);

        stop.CancelAfter(TimeSpan.FromMilliseconds(200));

        var watch = Stopwatch.StartNew();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => training);
        output.WriteLine($"{watch.ElapsedMilliseconds} ms");
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    /// <summary>Whether a number is missing tells the label in 95 of 100 rows.</summary>
    private static Table Missing()
    {
        var random = new Random(3);
        return new Table(["m", "noise", "l"], [.. Enumerable.Range(0, 1_000).Select(_ =>
        {
            var gap = random.Next(2) == 0;
            return new[] { gap ? "" : $"{random.Next(100)}", random.Next(4) == 0 ? "" : $"{random.Next(100)}", gap == (random.Next(100) < 96) ? "yes" : "no" };
        })]);
    }

    private static Table Read(string name)
    {
        using var stream = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "testdata", name));
        return Table.ReadCsv(stream);
    }

    private static ModelTraining Train(Table table, TrainingRequest request) => new(table, request, Token);

    private static TrainingRequest Request(string with) => TrainingRequest.Read(StepInputs.Complete(new ModelTrainStep(Options.Create(new PipelineOptions())).Kind, JsonSerializer.Deserialize<JsonElement>(with)), threads: 1);

    private static TrainedModel Reload(TrainedModel model, LearningTask task, string label, string? positive)
    {
        using var file = new MemoryStream();
        model.Save(file);
        file.Position = 0;
        return TrainedModel.Load(TinyModels.Loader, file, task, label, positive);
    }
}
