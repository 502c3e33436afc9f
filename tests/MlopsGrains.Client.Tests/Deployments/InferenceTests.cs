using System.Net;
using System.Text.Json;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;

namespace MlopsGrains.Client.Tests.Deployments;

public sealed class InferenceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Infer_SpeaksOpenInference()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, """
            {"model_name":"churn","model_version":"3","outputs":[
              {"name":"score","datatype":"FP32","shape":[2],"data":[0.1,0.9]},
              {"name":"id","datatype":"INT64","shape":[2,1],"data":[[9007199254740993],[-1]]},
              {"name":"label","datatype":"BYTES","shape":[2],"data":["no","yes"]}]}
            """);

        var answer = await gateway.Connect().Inference.InferAsync(
            "churn",
            new InferenceRequest([Columns.Of("age", 0.1f, 2f), Columns.Of("income", 1e300), Columns.Of("n", long.MaxValue), Columns.Of("ok", true), Columns.Of("town", "Köln \"x\"")], ["score"]),
            "3",
            Cancel);

        Assert.Equal("/v2/models/churn/versions/3/infer", gateway.Requests[0].Path);
        Assert.Equal(
            """{"inputs":[{"name":"age","datatype":"FP32","shape":[2],"data":[0.1,2]},{"name":"income","datatype":"FP64","shape":[1],"data":[1E+300]},{"name":"n","datatype":"INT64","shape":[1],"data":[9223372036854775807]},{"name":"ok","datatype":"BOOL","shape":[1],"data":[true]},{"name":"town","datatype":"BYTES","shape":[1],"data":["Köln \"x\""]}],"outputs":[{"name":"score"}]}""",
            System.Text.RegularExpressions.Regex.Unescape(gateway.Requests[0].Body.Replace("\\u0022", "\\\\\"", StringComparison.Ordinal)));
        Assert.Equal("3", answer.ModelVersion);
        Assert.Equal([0.1f, 0.9f], Assert.IsType<float[]>(answer.Output("score").Data));
        Assert.Equal([9007199254740993, -1], Assert.IsType<long[]>(answer.Output("id").Data));
        Assert.Equal(["no", "yes"], answer.Output("label").ToTexts());
        Assert.Equal("other", Assert.Throws<MlopsException>(() => answer.Output("other")).Field);
    }

    [Fact]
    public async Task Infer_MissingNumber_IsNull()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, """{"outputs":[]}""");

        await gateway.Connect().Inference.InferAsync("churn", [Columns.Of("a", float.NaN, 1), Columns.Of("b", double.NaN, 2)], Cancel);

        Assert.Contains("[null,1]", gateway.Requests[0].Body, StringComparison.Ordinal);
        Assert.Contains("[null,2]", gateway.Requests[0].Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NegativeInfinity)]
    [InlineData(double.PositiveInfinity)]
    public async Task Infer_NumberWithoutJsonForm_IsRefusedByName(double value)
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK);

        var e = await Assert.ThrowsAsync<MlopsException>(() => gateway.Connect().Inference.InferAsync("churn", [Columns.Of("a", 1.0), Columns.Of("b", value)], Cancel));

        Assert.Equal("inputs[1].data", e.Field);
        Assert.Empty(gateway.Requests);
    }

    [Fact]
    public async Task Infer_MissingNumbers_TravelAsNull()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, """{"outputs":[]}""");

        await gateway.Connect().Inference.InferAsync("churn", [Columns.Of("a", 1f, float.NaN), Columns.Of("b", double.NaN, 0.1), Columns.Of("t", "x", null!)], Cancel);

        Assert.Equal(["[1,null]", "[null,0.1]", "[\"x\",null]"], JsonDocument.Parse(gateway.Requests[0].Body).RootElement.GetProperty("inputs").EnumerateArray().Select(i => i.GetProperty("data").GetRawText()));
    }

    [Fact]
    public async Task Metadata_NamesTheClasses()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, """{"name":"m","platform":"p","inputs":[],"outputs":[],"properties":{"classes":"[\"a,b\",\"é\"]"}}""").Then(HttpStatusCode.OK, """{"name":"m","platform":"p","inputs":[],"outputs":[]}""");

        Assert.Equal(["a,b", "é"], (await gateway.Connect().Inference.MetadataAsync("m", cancellationToken: Cancel)).Classes!);
        Assert.Null((await gateway.Connect().Inference.MetadataAsync("m", cancellationToken: Cancel)).Classes);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"outputs":[{"name":"a","datatype":"FP32","shape":[1],"data":["x"]}]}""")]
    [InlineData("""{"outputs":[{"name":"a","datatype":"FP16","shape":[1],"data":[1]}]}""")]
    public async Task Infer_AnswerNotUnderstood_IsSaid(string answer)
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, answer);

        Assert.Equal(ErrorKind.NotSupported, (await Assert.ThrowsAsync<MlopsException>(() => gateway.Connect().Inference.InferAsync("churn", [], Cancel))).Kind);
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(404, false)]
    [InlineData(503, false)]
    public async Task Ready_GoesByStatus(int status, bool ready)
    {
        var gateway = new StubGateway().Then((HttpStatusCode)status);

        Assert.Equal(ready, await gateway.Connect().Inference.ReadyAsync("churn", cancellationToken: Cancel));
        Assert.Single(gateway.Requests);
    }
}
