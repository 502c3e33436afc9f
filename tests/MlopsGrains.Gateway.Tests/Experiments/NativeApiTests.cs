using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>Experiments, runs, artifacts, blobs and the audit chain by the native API.</summary>
public sealed class NativeApiTests(ServerFixture server)
{
    [Fact]
    public async Task Run_IsLoggedReadAndFound()
    {
        var name = "native-" + Guid.NewGuid().ToString("N");
        var experiment = (string)(await SendAsync(HttpMethod.Post, "/api/v1/experiments", $$"""{"name":"{{name}}"}""", HttpStatusCode.Created))["experimentId"]!;
        var run = await SendAsync(HttpMethod.Post, "/api/v1/runs", $$"""{"experimentId":"{{experiment}}","runName":"r","startTime":5}""", HttpStatusCode.Created);
        var id = (string)run["info"]!["runId"]!;
        Assert.Equal("running", (string?)run["info"]!["status"]);

        const string Batch =
            """
            {"metrics":[{"key":"m","value":0.5,"timestamp":1,"step":1},{"key":"m","value":"NaN","timestamp":2,"step":2}],
             "params":[{"key":"p","value":"v"}],"tags":[],"producer":{"producerId":"w","sequence":1}}
            """;
        await SendAsync(HttpMethod.Post, $"/api/v1/runs/{id}/batches", Batch, HttpStatusCode.NoContent);
        await SendAsync(HttpMethod.Post, $"/api/v1/runs/{id}/batches", Batch, HttpStatusCode.NoContent);
        var info = await SendAsync(HttpMethod.Patch, $"/api/v1/runs/{id}", """{"status":"finished","endTime":9}""", HttpStatusCode.OK);
        Assert.Equal("finished", (string?)info["status"]);

        Assert.Equal(
            """[{"value":0.5,"timestamp":1,"step":1},{"value":"NaN","timestamp":2,"step":2}]""",
            (await GetAsync($"/api/v1/runs/{id}/metrics?key=m"))["points"]!.ToJsonString());
        Assert.Equal("v", (string?)(await GetAsync($"/api/v1/runs/{id}"))["params"]![0]!["value"]);
        var found = await SendAsync(HttpMethod.Post, "/api/v1/runs/search", $$"""{"experimentIds":["{{experiment}}"],"filter":"params.p = 'v'"}""", HttpStatusCode.OK);
        Assert.Equal(id, (string?)Assert.Single(found["items"]!.AsArray())!["info"]!["runId"]);
        var listed = await GetAsync($"/api/v1/experiments?view=all&filter={Uri.EscapeDataString($"name = '{name}'")}");
        Assert.Equal(name, (string?)Assert.Single(listed["items"]!.AsArray())!["name"]);
    }

    [Fact]
    public async Task Chart_ShowsTheSpike_AndTakesKeysWithSlashes()
    {
        var id = (string)(await SendAsync(HttpMethod.Post, "/api/v1/runs", """{"experimentId":"0"}""", HttpStatusCode.Created))["info"]!["runId"]!;
        var points = string.Join(',', Enumerable.Range(0, 900).Select(i => $$"""{"key":"val/loss","value":{{(i == 777 ? 50 : 1)}},"timestamp":{{i}},"step":{{i}}}"""));
        await SendAsync(HttpMethod.Post, $"/api/v1/runs/{id}/batches", $$"""{"metrics":[{{points}},{"key":"val/loss","value":"NaN","timestamp":901,"step":900}]}""", HttpStatusCode.NoContent);

        var chart = await GetAsync($"/api/v1/runs/{id}/metrics/val%2Floss/history?points=10");
        Assert.Equal(128, (long)chart["stepWidth"]!);
        Assert.Equal([0, 128, 256, 384, 512, 640, 768, 896], chart["buckets"]!.AsArray().Select(b => (int)b!["firstStep"]!));
        Assert.Equal("""{"firstStep":768,"count":128,"notANumber":0,"min":{"value":1,"timestamp":768,"step":768},"max":{"value":50,"timestamp":777,"step":777}}""", chart["buckets"]![6]!.ToJsonString());
        Assert.Equal(1, (long)chart["buckets"]![7]!["notANumber"]!);
        var part = await GetAsync($"/api/v1/runs/{id}/metrics/val%2Floss/history?points=10&startStep=770&endStep=779");
        Assert.Equal(10, part["buckets"]!.AsArray().Count);
        Assert.Empty((await GetAsync($"/api/v1/runs/{id}/metrics/other/history"))["buckets"]!.AsArray());
    }

    [Fact]
    public async Task Curves_OfSeveralRunsAndMetrics_AreOneAnswer()
    {
        async Task<string> RunAsync(int factor)
        {
            var id = (string)(await SendAsync(HttpMethod.Post, "/api/v1/runs", """{"experimentId":"0","startTime":1000}""", HttpStatusCode.Created))["info"]!["runId"]!;
            var points = string.Join(',', Enumerable.Range(0, 4).Select(i => $$"""{"key":"val/loss","value":{{i * factor}},"timestamp":{{1000 + (i * 10)}},"step":{{i}}}"""));
            await SendAsync(HttpMethod.Post, $"/api/v1/runs/{id}/batches", $$"""{"metrics":[{{points}},{"key":"m","value":"NaN","timestamp":1000,"step":0}]}""", HttpStatusCode.NoContent);
            return id;
        }

        var (one, two) = (await RunAsync(1), await RunAsync(2));
        var answer = await SendAsync(HttpMethod.Post, "/api/v1/runs/curves", $$"""{"runIds":["{{one}}","{{two}}"],"keys":["val/loss","m"],"by":"relative"}""", HttpStatusCode.OK);
        Assert.Equal(
            $$"""
            {"curves":[{"runId":"{{one}}","key":"val/loss","width":1,"count":4,"x":[0,10,20,30],"y":[0,1,2,3],"notFinite":[]},{"runId":"{{one}}","key":"m","width":1,"count":1,"x":[],"y":[],"notFinite":[0]},{"runId":"{{two}}","key":"val/loss","width":1,"count":4,"x":[0,10,20,30],"y":[0,2,4,6],"notFinite":[]},{"runId":"{{two}}","key":"m","width":1,"count":1,"x":[],"y":[],"notFinite":[0]}]}
            """.Trim(),
            answer.ToJsonString());
    }

    [Fact]
    public async Task DeletedRunAndExperiment_ComeBack()
    {
        var experiment = (string)(await SendAsync(HttpMethod.Post, "/api/v1/experiments", $$"""{"name":"deleted-{{Guid.NewGuid():N}}"}""", HttpStatusCode.Created))["experimentId"]!;
        var id = (string)(await SendAsync(HttpMethod.Post, "/api/v1/runs", $$"""{"experimentId":"{{experiment}}"}""", HttpStatusCode.Created))["info"]!["runId"]!;
        async Task<int> FoundAsync() =>
            (await SendAsync(HttpMethod.Post, "/api/v1/runs/search", $$"""{"experimentIds":["{{experiment}}"]}""", HttpStatusCode.OK))["items"]!.AsArray().Count;

        foreach (var (path, again) in new[] { ($"/api/v1/runs/{id}", HttpStatusCode.NoContent), ($"/api/v1/experiments/{experiment}", HttpStatusCode.NotFound) })
        {
            await SendAsync(HttpMethod.Delete, path, null, HttpStatusCode.NoContent);
            Assert.Equal(0, await FoundAsync());
            Assert.Contains("deleted", (await GetAsync(path)).ToJsonString(), StringComparison.Ordinal);
            await SendAsync(HttpMethod.Delete, path, null, again);
            await SendAsync(HttpMethod.Post, path + "/restore", null, HttpStatusCode.NoContent);
            Assert.Equal(1, await FoundAsync());
            await SendAsync(HttpMethod.Post, path + "/restore", null, again);
        }
    }

    [Fact]
    public async Task PageToken_OfAnotherListOrRunOrQuery_IsRefused_AndTheRightOneGoesOn()
    {
        var experiment = (string)(await SendAsync(HttpMethod.Post, "/api/v1/experiments", $$"""{"name":"tokens-{{Guid.NewGuid():N}}"}""", HttpStatusCode.Created))["experimentId"]!;
        var ids = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            ids.Add((string)(await SendAsync(HttpMethod.Post, "/api/v1/runs", $$"""{"experimentId":"{{experiment}}"}""", HttpStatusCode.Created))["info"]!["runId"]!);
            await SendAsync(HttpMethod.Post, $"/api/v1/runs/{ids[i]}/batches", """{"metrics":[{"key":"m","value":1,"timestamp":1},{"key":"m","value":2,"timestamp":2}]}""", HttpStatusCode.NoContent);
            await SendAsync(HttpMethod.Post, "/api/v1/models", $$"""{"name":"tokens-{{Guid.NewGuid():N}}"}""", HttpStatusCode.Created);
        }

        var models = await GetAsync("/api/v1/models?limit=1");
        await GoesOnAsync(HttpMethod.Get, "/api/v1/models?limit=1&pageToken={0}", null, models);
        await RefusedAsync(HttpMethod.Get, "/api/v1/datasets?limit=1&pageToken={0}", null, models);

        var points = await GetAsync($"/api/v1/runs/{ids[0]}/metrics?key=m&limit=1");
        await GoesOnAsync(HttpMethod.Get, $"/api/v1/runs/{ids[0]}/metrics?key=m&limit=1&pageToken={{0}}", null, points);
        await RefusedAsync(HttpMethod.Get, $"/api/v1/runs/{ids[1]}/metrics?key=m&limit=1&pageToken={{0}}", null, points);

        var experiments = await GetAsync("/api/v1/experiments?limit=1");
        await GoesOnAsync(HttpMethod.Get, "/api/v1/experiments?limit=1&pageToken={0}", null, experiments);
        await RefusedAsync(HttpMethod.Get, "/api/v1/experiments?limit=1&view=all&pageToken={0}", null, experiments);

        var query = $$"""{"experimentIds":["{{experiment}}"],"maxResults":1,"filter":"metrics.m > 1","pageToken":"{0}"}""";
        var runs = await SendAsync(HttpMethod.Post, "/api/v1/runs/search", query.Replace("{0}", "", StringComparison.Ordinal), HttpStatusCode.OK);
        await GoesOnAsync(HttpMethod.Post, "/api/v1/runs/search", query, runs);
        await RefusedAsync(HttpMethod.Post, "/api/v1/runs/search", query.Replace("> 1", "> 0", StringComparison.Ordinal), runs);

        async Task GoesOnAsync(HttpMethod method, string path, string? body, JsonNode page) => await WithTokenAsync(method, path, body, page, HttpStatusCode.OK);

        async Task RefusedAsync(HttpMethod method, string path, string? body, JsonNode page) =>
            Assert.Equal("pageToken", (string?)(await WithTokenAsync(method, path, body, page, HttpStatusCode.BadRequest))["field"]);

        Task<JsonNode> WithTokenAsync(HttpMethod method, string path, string? body, JsonNode page, HttpStatusCode expected)
        {
            var token = (string)page["nextPageToken"]!;
            return SendAsync(method, path.Replace("{0}", Uri.EscapeDataString(token), StringComparison.Ordinal), body?.Replace("{0}", token, StringComparison.Ordinal), expected);
        }
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public async Task Int64Edges_ComeBackAsTheyWent_AndOneBeyondIsRefused(long edge)
    {
        var id = (string)(await SendAsync(HttpMethod.Post, "/api/v1/runs", """{"experimentId":"0"}""", HttpStatusCode.Created))["info"]!["runId"]!;
        var beyond = (Int128)edge + long.Sign(edge);
        static string Batch(object timestamp, object step) => FormattableString.Invariant($$"""{"metrics":[{"key":"m","value":1,"timestamp":{{timestamp}},"step":{{step}}}]}""");

        var timestamp = Math.Max(edge, 0); // A time before 1970 is refused.
        foreach (var (body, field) in new[] { (Batch(beyond, 0), "metrics[0].timestamp"), (Batch(timestamp == edge ? -1 : edge, 0), "metrics[0].timestamp"), (Batch(0, beyond), "metrics[0].step") })
        {
            Assert.Equal(field, (string?)(await SendAsync(HttpMethod.Post, $"/api/v1/runs/{id}/batches", body, HttpStatusCode.BadRequest))["field"]);
        }

        await SendAsync(HttpMethod.Post, $"/api/v1/runs/{id}/batches", Batch(timestamp, edge), HttpStatusCode.NoContent);
        var point = Assert.Single((await GetAsync($"/api/v1/runs/{id}/metrics?key=m"))["points"]!.AsArray())!;
        Assert.Equal((timestamp, edge), ((long)point["timestamp"]!, (long)point["step"]!));
    }

    [Fact]
    public async Task Gc_TakesItsSteps()
    {
        var step = await SendAsync(HttpMethod.Post, "/api/v1/retention/gc", """{"deletedForSeconds":86400,"dryRun":true}""", HttpStatusCode.OK);
        Assert.Equal((true, 0, 0), ((bool)step["dryRun"]!, (int)step["runs"]!, (int)step["artifactFiles"]!));
        await SendAsync(HttpMethod.Post, "/api/v1/retention/gc", "{}", HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("POST", "/api/v1/retention/gc", """{"deletedForSeconds":-1}""", 400, "deletedForSeconds")]
    [InlineData("POST", "/api/v1/retention/gc", """{"deletedForSeconds":9223372036854775807}""", 400, "deletedForSeconds")]
    [InlineData("POST", "/api/v1/retention/gc", """{"pageToken":"0/forged"}""", 400, "pageToken")]
    [InlineData("POST", "/api/v1/retention/gc", """{"pageToken":"99999999999999999999/"}""", 400, "pageToken")]
    [InlineData("GET", "/api/v1/experiments?pageToken=forged", null, 400, "pageToken")]
    [InlineData("POST", "/api/v1/runs/search", """{"experimentIds":["0"],"pageToken":"forged"}""", 400, "pageToken")]
    [InlineData("GET", "/api/v1/models?pageToken=forged", null, 400, "pageToken")]
    [InlineData("GET", "/api/v1/datasets?pageToken=forged", null, 400, "pageToken")]
    [InlineData("GET", "/api/v1/datasets/none/versions/latest/rows", null, 404, null)]
    [InlineData("GET", "/api/v1/datasets/none/versions/first/rows", null, 400, "version")]
    [InlineData("GET", "/api/v1/datasets/none/versions/1/rows?limit=1001", null, 400, "limit")]
    [InlineData("GET", "/api/v1/datasets/none/versions/1/rows?after=-1", null, 400, "after")]
    [InlineData("GET", "/api/v1/datasets/none/diff", null, 404, null)]
    [InlineData("GET", "/api/v1/datasets/none/diff?from=old", null, 400, "from")]
    [InlineData("GET", "/api/v1/datasets/none/diff?from=1&to=old", null, 400, "to")]
    [InlineData("GET", "/api/v1/model-versions?filter=colour%20%3D%201", null, 400, "filter")]
    [InlineData("GET", "/api/v1/model-versions?limit=0", null, 400, "limit")]
    [InlineData("GET", "/api/v1/model-versions?pageToken=forged", null, 400, "pageToken")]
    [InlineData("GET", "/api/v1/deployments?pageToken=forged", null, 400, "pageToken")]
    [InlineData("GET", "/api/v1/pipelines?pageToken=forged", null, 400, "pageToken")]
    [InlineData("GET", "/api/v1/monitors?pageToken=forged", null, 400, "pageToken")]
    [InlineData("GET", "/api/v1/monitors?limit=101", null, 400, "limit")]
    [InlineData("DELETE", "/api/v1/runs/none", null, 404, null)]
    [InlineData("POST", "/api/v1/runs/none/restore", null, 404, null)]
    [InlineData("DELETE", "/api/v1/experiments/99999999", null, 404, null)]
    [InlineData("POST", "/api/v1/experiments/0/restore", null, 404, null)]
    [InlineData("DELETE", "/api/v1/experiments/x", null, 404, null)]
    [InlineData("POST", "/api/v1/runs/none/heartbeat", null, 404, null)]
    [InlineData("POST", "/api/v1/runs", """{"experimentId":"0","heartbeatTimeoutSeconds":1}""", 400, "heartbeatTimeoutSeconds")]
    [InlineData("GET", "/api/v1/runs/none/metrics/m/history", null, 404, null)]
    [InlineData("POST", "/api/v1/runs/curves", """{"runIds":["none"],"keys":["m"]}""", 404, null)]
    [InlineData("POST", "/api/v1/runs/curves", """{"runIds":["none"],"keys":[]}""", 400, "keys")]
    [InlineData("POST", "/api/v1/runs/curves", """{"runIds":[],"keys":["m"]}""", 400, "runIds")]
    [InlineData("POST", "/api/v1/runs/curves", """{"runIds":["none"],"keys":["m"],"by":"epoch"}""", 400, "by")]
    [InlineData("GET", "/api/v1/runs/none/metrics/m/history?points=x", null, 400, "points")]
    [InlineData("POST", "/api/v1/experiments", """{"name":""}""", 400, "name")]
    [InlineData("POST", "/api/v1/experiments", """{"name":"Default"}""", 409, null)]
    [InlineData("POST", "/api/v1/experiments", """{"name":"x","color":1}""", 400, "color")]
    [InlineData("GET", "/api/v1/experiments?view=some", null, 400, "view")]
    [InlineData("GET", "/api/v1/experiments?limit=0", null, 400, "limit")]
    [InlineData("GET", "/api/v1/experiments/99999999", null, 404, null)]
    [InlineData("POST", "/api/v1/runs", """{"experimentId":"99999999"}""", 404, null)]
    [InlineData("POST", "/api/v1/runs", """{"experimentId":5}""", 400, "experimentId")]
    [InlineData("GET", "/api/v1/runs/none", null, 404, null)]
    [InlineData("GET", "/api/v1/runs/no*ne", null, 400, "id")]
    [InlineData("PATCH", "/api/v1/runs/none", """{"status":"DONE"}""", 400, "status")]
    [InlineData("PATCH", "/api/v1/runs/none", """{"status":"finished"}""", 404, null)]
    [InlineData("POST", "/api/v1/runs/search", """{}""", 400, "experimentIds")]
    [InlineData("POST", "/api/v1/runs/search", """{"experimentIds":["0",null]}""", 400, "experimentIds")]
    [InlineData("POST", "/api/v1/runs/none/batches", """{"metrics":[{"key":"m","value":1,"timestamp":1,"stepp":1}]}""", 400, "metrics[0].stepp")]
    [InlineData("POST", "/api/v1/runs/none/batches", """{"metrics":[{"key":"m","value":1,"timestamp":1}]}""", 404, null)]
    [InlineData("GET", "/api/v1/runs/none/metrics", null, 400, "key")]
    [InlineData("GET", "/api/v1/runs/none/metrics?key=m&limit=25001", null, 400, "limit")]
    [InlineData("GET", "/api/v1/blobs/xyz", null, 400, "digest")]
    [InlineData("GET", "/api/v1/blobs/0000000000000000000000000000000000000000000000000000000000000000", null, 404, null)]
    [InlineData("GET", "/api/v1/lineage?of=datasets/none/1", null, 404, null)]
    [InlineData("GET", "/api/v1/lineage?of=models/none/1", null, 404, null)]
    [InlineData("GET", "/api/v1/lineage?of=monitors/none", null, 404, null)]
    [InlineData("GET", "/api/v1/lineage?of=runs/00000000000000000000000000000000", null, 404, null)]
    [InlineData("GET", "/api/v1/lineage", null, 400, "of")]
    [InlineData("GET", "/api/v1/lineage?of=houses/1", null, 400, "of")]
    [InlineData("GET", "/api/v1/lineage?of=datasets/none/first", null, 400, "of")]
    [InlineData("GET", "/api/v1/lineage?of=runs/1&depth=6", null, 400, "depth")]
    [InlineData("GET", "/api/v1/audit/events?after=-1", null, 400, "after")]
    public async Task Mistake_IsAProblemThatNamesItsField(string method, string path, string? body, int status, string? field)
    {
        var problem = await SendAsync(new HttpMethod(method), path, body, (HttpStatusCode)status);

        Assert.Equal(status, (int)problem["status"]!);
        if (field is not null)
        {
            Assert.Equal(field, (string?)problem["field"]);
        }
    }

    [Fact]
    public async Task ArtifactsAndBlobs_ComeBackAsTheyWent()
    {
        var id = await new MlflowCaller(server.Http).NewRunAsync();
        using var content = new ByteArrayContent([1, 2, 3, 0, 255]);
        var put = await server.Http.PutAsync($"/api/v1/runs/{id}/artifacts/model/100%25/m.bin", content, TestContext.Current.CancellationToken);
        var blob = await put.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken);
        Assert.Equal(5, (int)blob!["length"]!);

        Assert.Equal([1, 2, 3, 0, 255], await server.Http.GetByteArrayAsync($"/api/v1/runs/{id}/artifacts/model/100%25/m.bin", TestContext.Current.CancellationToken));
        Assert.Equal([1, 2, 3, 0, 255], await server.Http.GetByteArrayAsync($"/api/v1/blobs/{blob["digest"]}", TestContext.Current.CancellationToken));
        var list = JsonNode.Parse(await server.Http.GetStringAsync($"/api/v1/runs/{id}/artifact-list?path=model/100%25", TestContext.Current.CancellationToken))!.AsArray();
        Assert.Equal("m.bin", (string?)Assert.Single(list)!["name"]);

        using var bytes = new ByteArrayContent([7]);
        var posted = await server.Http.PostAsync("/api/v1/blobs", bytes, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, posted.StatusCode);
        Assert.Equal([7], await server.Http.GetByteArrayAsync(posted.Headers.Location, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Changes_AreInTheAuditChain_AndItVerifies()
    {
        var name = "audited-" + Guid.NewGuid().ToString("N");
        var id = (string)(await SendAsync(HttpMethod.Post, "/api/v1/experiments", $$"""{"name":"{{name}}"}""", HttpStatusCode.Created))["experimentId"]!;

        var events = new List<JsonNode>();
        var after = "0";
        while (after is not null)
        {
            var page = await GetAsync("/api/v1/audit/events?limit=1000&after=" + after);
            events.AddRange(page["items"]!.AsArray().Select(e => e!));
            after = (string?)page["nextPageToken"];
        }

        Assert.Contains(events, e => ((string)e["subject"]!).EndsWith("/" + id, StringComparison.Ordinal) && (string?)e["actor"] == "local");
        Assert.True((bool)(await GetAsync("/api/v1/audit/verification"))["valid"]!);
    }

    private Task<JsonNode> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null, HttpStatusCode.OK);

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, string? body, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        var answer = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(expected == answer.StatusCode, $"{method} {path}: {(int)answer.StatusCode} {text}");
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }
}
