using System.Text;
using System.Text.Json.Nodes;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Gateway.Tests.Http;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Mlflow;

/// <summary>What MLflow's own tests see of its door, as they see it.</summary>
public sealed class MlflowDoorTests(ServerFixture server)
{
    private const string Invalid = "INVALID_PARAMETER_VALUE";

    private readonly MlflowCaller mlflow = new(server.Http);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Method, message with <c>$</c> for a run's id, and the words that a client finds in the answer's bytes.</summary>
    public static TheoryData<string, string, string> Words => new()
    {
        { "experiments/create", """{"name":123}""", "Invalid value 123 for parameter 'name'" },
        { "experiments/create", "{}", "Missing value for required parameter 'name'." },
        { "experiments/create", """{"name":"n","artifact_location":9.0}""", "Invalid value 9.0 for parameter 'artifact_location'" },
        { "experiments/create", """{"name":"n","tags":"5"}""", """Invalid value \"5\" for parameter 'tags'""" },
        { "experiments/create", """{"name":"Default"}""", "Experiment(name=Default) already exists." },
        { "experiments/search-datasets", "{}", "SearchDatasets request must specify at least one experiment_id." },
        { "experiments/search", """{"max_results":0}""", "Invalid value 0 for parameter 'max_results' supplied" },
        { "experiments/search", """{"max_results":9,"filter":"name = <b>&+é"}""", "unexpected '&' at position" },
        { "runs/log-metric", """{"run_id":31,"key":"m","value":1,"timestamp":1}""", "Invalid value 31 for parameter 'run_id' supplied" },
        { "runs/log-metric", """{"run_id":"$","key":31,"value":1,"timestamp":1}""", "Invalid value 31 for parameter 'key' supplied" },
        { "runs/log-metric", """{"run_id":"$","key":"m","value":1,"timestamp":1,"step":"foo"}""", """Invalid value \"foo\" for parameter 'step' supplied""" },
        { "runs/log-metric", """{"run_id":"$","key":"m","value":1,"timestamp":"foo"}""", """Invalid value \"foo\" for parameter 'timestamp' supplied""" },
        { "runs/log-metric", """{"run_id":"$","key":"m","value":"v","timestamp":1}""", "Please specify value as a valid double (64-bit floating point)" },
        { "runs/log-metric", """{"run_id":null,"key":"m","value":1,"timestamp":1}""", "Missing value for required parameter 'run_id'" },
        { "runs/log-parameter", """{"run_id":"$","key":31,"value":"v"}""", "Invalid value 31 for parameter 'key' supplied" },
        { "runs/set-tag", """{"run_id":"$","key":"t","value":41}""", "Invalid value 41 for parameter 'value' supplied" },
        { "runs/log-batch", """{"run_id":"$","metrics":"foo"}""", """Invalid value \"foo\" for parameter 'metrics' supplied""" },
        { "runs/log-batch", """{"run_id":"$","params":{"a":[1]}}""", """Invalid value {\"a\":[1]} for parameter 'params' supplied""" },
        { "runs/log-batch", """{"run_id":"$","tags":[5]}""", "Invalid value 5 for parameter 'tags[0]' supplied" },
        { "runs/log-batch", """{"run_id":"$","metrics":[{"key":"mae","value":2.5}]}""", "Missing value for required parameter 'metrics[0].timestamp'" },
        { "runs/log-batch", """{"run_id":"$","metrics":[{"key":"mae","value":2.5,"timestamp":"x"}]}""", """Invalid value \"x\" for parameter 'metrics[0].timestamp' supplied""" },
        { "runs/search", """{"experiment_ids":["0"],"max_results":123456789}""", "Invalid value 123456789 for parameter 'max_results' supplied" },
        { "runs/log-inputs", """{"datasets":[]}""", "Missing value for required parameter 'run_id'" },
        { "model-versions/create", """{"name":"n"}""", "Missing value for required parameter 'source'" },
        { "model-versions/transition-stage", """{"name":"n","version":"1","stage":"unknown"}""", "Invalid Model Version stage: unknown. Value must be one of None, Staging, Production, Archived." },
        { "model-versions/transition-stage", """{"name":"n","version":"one","stage":"None"}""", "Parameter 'version' must be an integer, got 'one'." },
        { "logged-models/search", """{"experiment_ids":["0"],"datasets":[{"dataset_digest":"d"}]}""", "`dataset_name` in the `datasets` clause must be specified" },
    };

    [Theory]
    [MemberData(nameof(Words))]
    public async Task Refusal_SaysMlflowsWords_InItsBytes(string method, string body, string words)
    {
        body = body.Contains('$', StringComparison.Ordinal) ? body.Replace("$", await this.mlflow.NewRunAsync(), StringComparison.Ordinal) : body;
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await server.Http.PostAsync("/api/2.0/mlflow/" + method, content, Cancel);

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains(words, await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/mlflow/metrics/get-history-bulk?metric_key=k", "GetMetricHistoryBulk request must specify at least one run_id.")]
    [InlineData("/mlflow/metrics/get-history-bulk?run_id=1", "GetMetricHistoryBulk request must specify a metric_key.")]
    [InlineData("/mlflow/metrics/get-history-bulk-interval?metric_key=k", "Missing value for required parameter 'run_ids'.")]
    [InlineData("/mlflow/metrics/get-history-bulk-interval?run_ids=1&metric_key=k&max_results=0", "max_results must be between 1 and 2500")]
    [InlineData("/mlflow/metrics/get-history-bulk-interval?run_ids=1&metric_key=k&start_step=1&end_step=0", "end_step must be greater than start_step. ")]
    [InlineData("/mlflow/metrics/get-history-bulk-interval?run_ids=1&metric_key=k&start_step=1", "If either start step or end step are specified, both must be specified.")]
    [InlineData("/mlflow/registered-models/search?order_by=creation_timestamp", "Invalid order by key 'creation_timestamp' specified.")]
    [InlineData("/mlflow/upload-artifact", "Request must specify run_uuid.", "POST")]
    [InlineData("/mlflow/upload-artifact?run_uuid=1", "Request must specify path.", "POST")]
    public async Task Question_IsRefusedInMlflowsWords(string path, string words, string method = "GET")
    {
        var (status, body) = await this.mlflow.SendAsync(method, path, "");

        Assert.Equal((400, Invalid), (status, (string?)body["error_code"]));
        Assert.Contains(words, (string?)body["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("get-history-bulk", "run_id", "GetMetricHistoryBulk request cannot specify more than 100 run_ids. Received 1000 run_ids.")]
    [InlineData("get-history-bulk-interval", "run_ids", "GetMetricHistoryBulkInterval request must specify at most 100 run_ids. Received 1000 run_ids.")]
    public async Task ThousandRunsInAQuery_AreReadAndRefused(string method, string field, string words)
    {
        var ids = string.Join('&', Enumerable.Range(0, 1000).Select(_ => $"{field}={Guid.NewGuid():N}"));

        Assert.Equal(words, await this.mlflow.RefusedAsync($"/mlflow/metrics/{method}?{ids}&metric_key=k", null, 400, Invalid));
    }

    [Fact]
    public async Task ClimbingPath_IsInvalidPath_AndNothingMore()
    {
        var run = await this.mlflow.NewRunAsync();
        foreach (var path in new[] { $"/api/2.0/mlflow/artifacts/list?run_id={run}&path=../path", $"/get-artifact?run_id={run}&path=../path", "/api/2.0/mlflow-artifacts/artifacts/%2e%2e/path" })
        {
            var (status, _, body) = await RawHttp.SendAsync(server.BaseAddress, "GET", path);
            Assert.Equal(400, status);
            Assert.Contains("""{"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid path"}""", body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ImageWithAStep_IsStoredUnderItsName_OnBothDoors()
    {
        const string Name = "dog%step%100%timestamp%1700000000000.png";
        var experiment = await this.mlflow.NewExperimentAsync();
        var run = await this.mlflow.NewRunAsync(experiment);
        var target = $"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/images/{Uri.EscapeDataString(Name)}";
        using var content = new StringContent("pixels");

        using var put = await server.Http.PutAsync(new Uri(server.BaseAddress, target), content, Cancel);
        using var got = await server.Http.GetAsync(new Uri(server.BaseAddress, target), Cancel);
        using var shown = await server.Http.GetAsync(new Uri(server.BaseAddress, $"/get-artifact?run_id={run}&path=images/{Uri.EscapeDataString(Name)}"), Cancel);

        Assert.Equal((200, 200, 200), ((int)put.StatusCode, (int)got.StatusCode, (int)shown.StatusCode));
        Assert.Equal(("pixels", "image/png", "image/png"), (await got.Content.ReadAsStringAsync(Cancel), got.Content.Headers.ContentType?.MediaType, shown.Content.Headers.ContentType?.MediaType));
        Assert.Equal($"images/{Name}", (string?)(await this.mlflow.DoAsync($"/mlflow/artifacts/list?run_id={run}&path=images"))["files"]![0]!["path"]);
    }

    [Theory]
    [InlineData("a.txt", "text/plain")]
    [InlineData("b.py", "text/plain")]
    [InlineData("c.png", "image/png")]
    [InlineData("d.pdf", "application/pdf")]
    [InlineData("e.html", "text/plain")]
    [InlineData("MLmodel", "text/plain")]
    [InlineData("MLproject", "text/plain")]
    [InlineData("f.bin", "application/octet-stream")]
    [InlineData("g", "application/octet-stream")]
    public void ContentType_IsMlflows(string name, string type) => Assert.Equal(type, MlopsGrains.Gateway.Experiments.ArtifactTypes.Of("deep/" + name));

    [Fact]
    public async Task TimesBefore1970AndALocationWithAQuery_AreTaken()
    {
        var name = $"driver {Guid.NewGuid():N}";
        var experiment = (string)(await this.mlflow.DoAsync("/mlflow/experiments/create", new { name, artifact_location = "mysql://h/db?driver=d" }))["experiment_id"]!;

        var info = (await this.mlflow.DoAsync("/mlflow/runs/create", new { experiment_id = experiment, start_time = -5 }))["run"]!["info"]!;
        var id = (string)info["run_id"]!;
        var ended = (await this.mlflow.DoAsync("/mlflow/runs/update", new { run_id = id, end_time = -1 }))["run_info"]!;
        var found = (await this.mlflow.DoAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, filter = "end_time < 0" }))["runs"]!.AsArray();

        Assert.Equal((-5, -1, $"mysql://h/db/{id}/artifacts?driver=d"), ((long)info["start_time"]!, (long)ended["end_time"]!, (string?)info["artifact_uri"]));
        Assert.Single(found);
    }

    [Fact]
    public async Task SlashesInARow_AreOne_AndLeadNowhereElse()
    {
        var name = "m-" + Guid.NewGuid().ToString("N");
        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name });
        var version = (await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "mlflow-artifacts:/models/foo///bar" }))["model_version"]!;
        Assert.Equal("mlflow-artifacts:/models/foo///bar", (string?)version["source"]);

        var (status, head, _) = await RawHttp.SendAsync(server.BaseAddress, "GET", "//model-versions/get-artifact?name=m&version=1&path=../path");
        Assert.Equal(308, status);
        Assert.Contains("\nLocation: /model-versions/get-artifact?name=m&version=1&path=../path\r", head, StringComparison.Ordinal);
        Assert.Equal(400, (int)(await server.Http.GetAsync("/model-versions/get-artifact?name=nobody&version=1&path=../path", Cancel)).StatusCode);
        Assert.Contains("\nLocation: /evil.example/x\r", (await RawHttp.SendAsync(server.BaseAddress, "GET", "///evil.example/x")).Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task VersionsDescription_LeavesTheModelsTimeAlone()
    {
        var name = "m-" + Guid.NewGuid().ToString("N");
        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name });
        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name, source = "s3://b/m" });
        async Task<long> UpdatedAsync() => (long)(await this.mlflow.DoAsync($"/mlflow/registered-models/get?name={name}"))["registered_model"]!["last_updated_timestamp"]!;
        var before = await UpdatedAsync();

        await Eventually.Async(
            async () =>
            {
                var version = (await this.mlflow.DoAsync("PATCH", "/mlflow/model-versions/update", new { name, version = "1", description = "d" }))["model_version"]!;
                return (long)version["last_updated_timestamp"]! > before;
            },
            cancellationToken: Cancel);

        Assert.Equal(before, await UpdatedAsync());
    }

    [Theory]
    [InlineData("/api/2.0/mlflow/experiments/get-by-name?experiment_name=")]
    [InlineData("/api/v1/models/")]
    [InlineData("/v2/models/")]
    public async Task EveryDoor_WritesTextAsItself(string path)
    {
        const string Text = "it's <b> & a+b é";

        var answer = await server.Http.GetStringOfAnyStatusAsync(path + Uri.EscapeDataString(Text));

        Assert.Contains("it's", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("\\u00", answer, StringComparison.Ordinal);
        Assert.NotNull(JsonNode.Parse(answer));
    }
}

file static class AnyStatus
{
    public static async Task<string> GetStringOfAnyStatusAsync(this HttpClient http, string path)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
