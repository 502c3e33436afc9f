using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using MlopsGrains.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Data;
using MlopsGrains.Grains.Deployments;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Grains.Pipelines;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Grains.Pipelines.Training;
using MlopsGrains.Models;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Pipelines;

/// <summary>One rule for a column's type: profile, expectations, training, scoring and monitoring agree on every column.</summary>
public sealed class ColumnTypeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("zip", ColumnType.Text, "BYTES")]
    [InlineData("blank", ColumnType.Integer, "FP32")]
    [InlineData("nan", ColumnType.Text, "BYTES")]
    [InlineData("infinite", ColumnType.Text, "BYTES")]
    [InlineData("gap", ColumnType.Number, "FP32")]
    [InlineData("flag", ColumnType.Boolean, "BOOL")]
    [InlineData("time", ColumnType.Integer, "FP64")]
    [InlineData("id", ColumnType.Integer, "FP64")]
    [InlineData("fine", ColumnType.Number, "FP32")]
    public void EveryReader_AgreesOnTheType(string column, ColumnType type, string datatype)
    {
        var csv = Csv(column, i => column switch
        {
            "zip" => (i * 911 % 99999).ToString("00000", CultureInfo.InvariantCulture),
            "blank" => " " + i,
            "nan" => i % 5 == 0 ? "NaN" : "1.5",
            "infinite" => i % 5 == 0 ? "-Infinity" : "1.5",
            "gap" => i % 5 == 0 ? "" : "1.5e2",
            "flag" => i % 3 == 0 ? "TRUE" : i % 2 == 0 ? "false" : "",
            "time" => (1_700_000_000 + i).ToString(CultureInfo.InvariantCulture),
            "id" => (16_777_217L * (i + 1)).ToString(CultureInfo.InvariantCulture),
            _ => (i / 7.0).ToString(CultureInfo.InvariantCulture),
        });
        var table = Table.ReadCsv(new MemoryStream(csv));

        var model = new ModelTraining(table, Request("sdca"), Token).Model;

        Assert.Equal(type, DatasetProfile.Of(new MemoryStream(csv), Token).Columns[0].Type);
        Assert.Equal(type, table.TypeOf(0));
        Assert.Equal(datatype, model.Signature().Inputs[0].Datatype);
        var suite = ExpectationSuite.Parse(JsonSerializer.SerializeToElement(new[] { new { column, type = type.ToString().ToLowerInvariant() } }));
        Assert.True(suite.Evaluate(new MemoryStream(csv), Token).Success);
        var watched = WatchedFeatures.Of(model.Signature(), "d", []);
        Assert.Equal(200, ReferenceTable.Read(new MemoryStream(csv), watched, Token).Rows);
    }

    [Theory]
    [InlineData("fast-tree")]
    [InlineData("fast-forest")]
    [InlineData("logistic-regression")]
    [InlineData("sdca")]
    public void UnixTimes_AreToldApart_AlsoAfterLoading(string trainer)
    {
        var table = Table.ReadCsv(new MemoryStream(Csv("t", i => (1_700_000_000 + i).ToString(CultureInfo.InvariantCulture))));

        var model = Saved(new ModelTraining(table, Request(trainer), Token).Model, out var signature);

        using var file = new MemoryStream(model);
        Assert.InRange(TrainedModel.Load(TinyModels.Loader, file, LearningTask.Binary, "l", "yes").Evaluate(table, Token).Metrics["accuracy"], 0.98, 1);
        var hosted = Host(model, signature);
        string Label(double t) => ((string[])hosted.Score(new InferenceRequest([new("t", "FP64", [1], new[] { t })]), 1)[0].Data)[0];
        Assert.Equal(["no", "yes"], [Label(1_700_000_040), Label(1_700_000_160)]);
    }

    [Fact]
    public void Label_ThatSinglesRoundTogether_IsRefused()
    {
        var table = Table.ReadCsv(new MemoryStream(Encoding.UTF8.GetBytes("x,y\n" + string.Concat(Enumerable.Range(0, 50).Select(i => $"{i},{1_700_000_000 + i}\n")))));

        var refusal = Assert.Throws<MlopsException>(() => new ModelTraining(table, Request(new { task = "regression", trainer = "sdca", label = "y" }), Token));

        Assert.Equal("with.label", refusal.Field);
        Assert.Contains("rounds away", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TruthValues_AreOneFeature_HoweverTheyAreSent()
    {
        var table = Table.ReadCsv(new MemoryStream(Csv("f", i => i < 100 ? (i % 2 == 0 ? "False" : "FALSE") : i % 2 == 0 ? "True" : "true")));
        var hosted = Host(Saved(new ModelTraining(table, Request("logistic-regression"), Token).Model, out var signature), signature);

        float Score(params Tensor[] inputs)
        {
            var request = new InferenceRequest(inputs);
            Assert.Equal(1, RequestRules.Check(signature, request));
            return ((float[])hosted.Score(RequestRules.WithPlainTruths(signature, request), 1)[1].Data)[0];
        }

        float Text(string text) => Score(new Tensor("f", "BYTES", [1], new[] { text }));
        var yes = Score(new Tensor("f", "BOOL", [1], new[] { true }));
        Assert.InRange(yes, 0.9f, 1);
        Assert.Equal([yes, yes, yes], [Text("True"), Text("TRUE"), Text("true")]);
        Assert.InRange(Text("False"), 0, 0.1f);
        Assert.InRange(Text(""), 0.1f, 0.9f);
        Assert.Equal("inputs[0].data[0]", Assert.Throws<MlopsException>(() => Text("maybe")).Field);
    }

    private static HostedModel Host(byte[] file, ModelSignature signature)
    {
        var model = new Microsoft.ML.MLContext().Model.Load(new MemoryStream(file), out var schema);
        return new HostedModel(model, schema, signature);
    }

    private static byte[] Saved(TrainedModel model, out ModelSignature signature)
    {
        using var file = new MemoryStream();
        model.Save(file);
        signature = model.Signature();
        return file.ToArray();
    }

    /// <summary>200 rows: the column, and a label that is yes from the middle on.</summary>
    private static byte[] Csv(string column, Func<int, string> cell) =>
        Encoding.UTF8.GetBytes($"{column},l\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{cell(i)},{(i < 100 ? "no" : "yes")}\n")));

    private static TrainingRequest Request(string trainer) =>
        Request(new { trainer, label = "l", positive = "yes", trees = 20 });

    private static TrainingRequest Request(object with) =>
        TrainingRequest.Read(StepInputs.Complete(new ModelTrainStep(Options.Create(new PipelineOptions())).Kind, JsonSerializer.SerializeToElement(with)), threads: 1);
}
