using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>A user's mistake is a 4xx that names the field, and changes nothing.</summary>
public sealed class MlflowRefusalTests(ServerFixture server)
{
    private const string Invalid = "INVALID_PARAMETER_VALUE";

    private readonly MlflowCaller mlflow = new(server.Http);

    /// <summary>Method, body with <c>$</c> for the run's id, and what the message must say.</summary>
    public static TheoryData<string, string, string> Mistakes => new()
    {
        { "log-metric", """{"run_id":"$","key":"m","value":1}""", "timestamp" },
        { "log-metric", """{"run_id":"$","key":"m","timestamp":1}""", "value" },
        { "log-metric", """{"run_id":"$","value":1,"timestamp":1}""", "key" },
        { "log-metric", """{"run_id":"$","key":"","value":1,"timestamp":1}""", "key" },
        { "log-metric", """{"run_id":"$","key":"m","value":"1","timestamp":1}""", "value" },
        { "log-metric", """{"run_id":"$","key":"m","value":1,"timestamp":-1}""", "timestamp" },
        { "log-metric", """{"run_id":"$","key":"m","value":1,"timestamp":"soon"}""", "timestamp" },
        { "log-metric", """{"run_id":"$","key":"m","value":1,"timestamp":1,"step":0.5}""", "step" },
        { "log-metric", """{"run_id":"$","key":"/m","value":1,"timestamp":1}""", "key" },
        { "log-metric", """{"run_id":"$","key":"a/../m","value":1,"timestamp":1}""", "key" },
        { "log-metric", """{"run_id":"$","key":"m§","value":1,"timestamp":1}""", "key" },
        { "log-parameter", """{"run_id":"$","key":"","value":"v"}""", "key" },
        { "log-parameter", """{"run_id":"$","key":"p","value":5}""", "value" },
        { "log-parameter", """{"key":"p","value":"v"}""", "run_id" },
        { "log-parameter", """{"run_id":"../x","key":"p","value":"v"}""", "run_id" },
        { "log-batch", """{"run_id":"$","metrics":[{"key":"a","value":1,"timestamp":1},{"key":"a","value":1}]}""", "metrics[1].timestamp" },
        { "log-batch", """{"run_id":"$","metrics":[{"key":"a","value":1,"timestamp":1},{"key":"b*","value":1,"timestamp":1}]}""", "metrics[1].key" },
        { "log-batch", """{"run_id":"$","params":[{"key":"ok","value":"1"},{"key":"//","value":"1"}]}""", "params[1].key" },
        { "log-batch", """{"run_id":"$","params":[{"key":"twice","value":"1"},{"key":"twice","value":"2"}]}""", "twice" },
        { "log-batch", """{"metrics":[]}""", "run_id" },
        { "set-tag", """{"run_id":"$","value":"v"}""", "key" },
        { "set-tag", """{"run_id":"$","key":["k"],"value":"v"}""", "key" },
        { "update", """{"run_id":"$","status":"DONE"}""", "status" },
        { "update", """{"run_id":"$","status":9}""", "status" },
        { "update", """{"run_id":"$","end_time":"never"}""", "end_time" },
        { "log-inputs", """{"run_id":"$","datasets":[{"tags":[]}]}""", "datasets[0].dataset" },
        { "log-inputs", """{"run_id":"$","models":[{"model_id":"m-1"},{}]}""", "models[1].model_id" },
        { "outputs", """{"run_id":"$","models":[{"model_id":"m-1"}]}""", "models[0].step" },
        { "outputs", """{"run_id":"$","models":[{"model_id":"../m","step":1}]}""", "models[0].model_id" },
        { "log-model", """{"run_id":"$"}""", "model_json" },
        { "log-model", """{"run_id":"$","model_json":"{}"}""", "flavors" },
        { "log-inputs", """{"run_id":"$","datasets":[{"dataset":{"name":"n","digest":"d","source_type":"s"}}]}""", "datasets[0].dataset.source" },
        { "set-tag", "{\"run_id\":\"$\",\"key\":\"k\"", "JSON" },
        { "set-tag", "not json at all", "JSON" },
        { "set-tag", "[1]", "body" },
        { "log-batch", "{\"run_id\":\"$\",\"metrics\":[", "JSON" },
        { "log-batch", """{"run_id":"$","metrics":[{"key":"a","value":NaN,"timestamp":1}]}""", "JSON" },
        { "set-tag", "", "run_id" },
        { "log-batch", "", "run_id" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task Mistake_Is400_NamesItsPlace_AndChangesNothing(string method, string body, string named)
    {
        var id = await this.mlflow.NewRunAsync();
        var before = (await this.mlflow.RunAsync(id)).ToJsonString();

        var message = await this.mlflow.RefusedAsync("/mlflow/runs/" + method, body.Replace("$", id, StringComparison.Ordinal), 400, Invalid);

        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Equal(before, (await this.mlflow.RunAsync(id)).ToJsonString());
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/jsonp")]
    [InlineData(null)]
    public async Task OtherContentType_Is400(string? type)
    {
        foreach (var method in new[] { "set-tag", "log-batch" })
        {
            var (status, body) = await this.mlflow.PostAsync("/mlflow/runs/" + method, "{}", type);
            Assert.Equal((400, Invalid), (status, (string?)body["error_code"]));
            Assert.Contains("Content-Type", (string)body["message"]!, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/mlflow/experiments/get?experiment_id=99999999", 404)]
    [InlineData("/mlflow/experiments/get?experiment_id=seven", 404)]
    [InlineData("/mlflow/experiments/get", 400)]
    [InlineData("/mlflow/experiments/get-by-name", 400)]
    [InlineData("/mlflow/experiments/search", 400)]
    [InlineData("/mlflow/experiments/search?max_results=0", 400)]
    [InlineData("/mlflow/experiments/search?max_results=50001", 400)]
    [InlineData("/mlflow/experiments/search?max_results=ten", 400)]
    [InlineData("/mlflow/experiments/search?max_results=5&view_type=SOME", 400)]
    [InlineData("/mlflow/experiments/search?max_results=5&filter=color%20%3D%20%27red%27", 400)]
    [InlineData("/mlflow/experiments/search?max_results=5&page_token=!!", 400)]
    [InlineData("/mlflow/runs/get?run_id=none", 404)]
    [InlineData("/mlflow/runs/get", 400)]
    [InlineData("/mlflow/artifacts/list?run_id=none", 404)]
    [InlineData("/mlflow-artifacts/artifacts?path=..", 400)]
    [InlineData("/mlflow-artifacts/artifacts?path=/etc", 400)]
    [InlineData("/mlflow-artifacts/artifacts?path=a/%252e%252e/b", 400)]
    [InlineData("/mlflow-artifacts/artifacts?path=a%5Cb", 400)]
    public async Task BadQuestion_IsAnsweredAsSuch(string path, int status) =>
        await this.mlflow.RefusedAsync(path, null, status, status == 404 ? "RESOURCE_DOES_NOT_EXIST" : Invalid);

    [Theory]
    [InlineData("""{"experiment_ids":["seven"]}""")]
    [InlineData("""{"experiment_ids":["0"],"max_results":50001}""")]
    [InlineData("""{"experiment_ids":["0"],"max_results":-1}""")]
    [InlineData("""{"experiment_ids":["0"],"run_view_type":"SOME"}""")]
    [InlineData("""{"experiment_ids":["0"],"filter":"metrics.a >"}""")]
    [InlineData("""{"experiment_ids":["0"],"filter":"params.a > 5"}""")]
    [InlineData("""{"experiment_ids":["0"],"order_by":["metrics.a","metrics.a"]}""")]
    [InlineData("""{"experiment_ids":["0"],"page_token":"!!"}""")]
    [InlineData("""{"experiment_ids":"0"}""")]
    public async Task BadSearch_Is400(string body) => await this.mlflow.RefusedAsync("/mlflow/runs/search", body, 400, Invalid);

    [Fact]
    public async Task SearchNowhere_FindsNothing() =>
        Assert.Equal("{}", (await this.mlflow.DoAsync("/mlflow/runs/search", new { experiment_ids = Array.Empty<string>() })).ToJsonString());

    [Theory]
    [InlineData("set-tag")]
    [InlineData("log-batch")]
    [InlineData("update")]
    [InlineData("delete")]
    [InlineData("restore")]
    [InlineData("log-inputs")]
    public async Task UnknownRun_Is404(string method) =>
        await this.mlflow.RefusedAsync("/mlflow/runs/" + method, new { run_id = "0123456789abcdef0123456789abcdef", key = "k", value = "v" }, 404, "RESOURCE_DOES_NOT_EXIST");

    [Theory]
    [InlineData("metrics", "1")]
    [InlineData("params", "\"1\"")]
    [InlineData("tags", "\"1\"")]
    public async Task Keys_HoldAtTheLimitAndOneBeyond(string list, string value)
    {
        var id = await this.mlflow.NewRunAsync();

        Assert.Equal(200, (await this.mlflow.PostAsync("/mlflow/runs/log-batch", Body(250))).Status);
        var message = await this.mlflow.RefusedAsync("/mlflow/runs/log-batch", Body(251), 400, Invalid);

        Assert.Contains(list + "[0].key", message, StringComparison.Ordinal);
        Assert.Contains("250", message, StringComparison.Ordinal);

        string Body(int length) => $$"""{"run_id":"{{id}}","{{list}}":[{"key":"{{new string('é', length)}}","value":{{value}},"timestamp":1}]}""";
    }
}
