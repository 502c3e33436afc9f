using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>Search and groups over HTTP: what our grammar adds, and what both refuse.</summary>
public sealed class SearchDoorTests(ServerFixture server)
{
    private readonly MlflowCaller mlflow = new(server.Http);

    [Fact]
    public async Task Grammar_GoesBeyondMlflows()
    {
        var experiment = await TrainedAsync("x", 0.1, 0.2, 0.3);

        Assert.Equal(2, await CountAsync(experiment, "metrics.acc < 0.15 OR (metrics.acc > 0.25 AND NOT params.opt IN ('y'))"));
        Assert.Equal(3, await CountAsync(experiment, "max(metrics.acc) > 0 AND at(metrics.acc, 1) > 0"));
    }

    [Fact]
    public async Task BadSearch_IsRefused_AndAGoodOneAfterItWorks()
    {
        var experiment = await TrainedAsync("x", 0.1, 0.2, 0.3);
        string Body(string filter, string? token = null) => new JsonObject
        {
            ["experiment_ids"] = new JsonArray(experiment), ["filter"] = filter, ["max_results"] = 2, ["page_token"] = token,
        }.ToJsonString();
        var token = (string)(await mlflow.DoAsync("/mlflow/runs/search", JsonNode.Parse(Body("metrics.acc > 0"))!))["next_page_token"]!;

        async Task<string> Refused(string body) => await mlflow.RefusedAsync("/mlflow/runs/search", body, 400, "INVALID_PARAMETER_VALUE");
        Assert.Contains("nested deeper than 100", await Refused(Body(new string('(', 10_000) + "metrics.acc > 0" + new string(')', 10_000))), StringComparison.Ordinal);
        Assert.Contains("at most 65536", await Refused(Body($"params.p = '{new string('x', 100_000)}'")), StringComparison.Ordinal);
        Assert.Contains("page token", await Refused(Body("metrics.acc > 0.05", token)), StringComparison.Ordinal);
        Assert.Contains("page token", await Refused(Body("metrics.acc > 0", "A" + token)), StringComparison.Ordinal);
        Assert.Single((await mlflow.DoAsync("/mlflow/runs/search", JsonNode.Parse(Body("metrics.acc > 0", token))!))["runs"]!.AsArray());
    }

    [Fact]
    public async Task Groups_AreFoundAndCompared_AndBadQueriesNameTheField()
    {
        var experiment = await TrainedAsync("x", 0.1, 0.2, 0.3);
        await TrainAsync(experiment, "y", 0.5, 0.6, 0.7);
        var groups = (await NativeAsync($"/api/v1/experiments/{experiment}/groups", """{"metrics":["acc"]}""", HttpStatusCode.OK))["groups"]!.AsArray();
        var (x, y) = (groups.Single(g => (string?)g!["params"]![0]!["value"] == "x"), groups.Single(g => (string?)g!["params"]![0]!["value"] == "y"));
        var pair = $$"""{"first":"{{x!["id"]}}","second":"{{y!["id"]}}"}""";
        var acc = (await NativeAsync($"/api/v1/experiments/{experiment}/groups/compare", pair, HttpStatusCode.OK))["metrics"]![0]!;

        Assert.Equal((3, 0.2), ((int)x["runs"]!, Math.Round((double)x["metrics"]![0]!["mean"]!, 9)));
        Assert.Equal((0.4, 0.1), (Math.Round((double)acc["difference"]!, 9), Math.Round((double)acc["rankP"]!, 9)));
        Assert.Contains("confidence", await RefusedAsync(experiment, """{"confidence":1}"""), StringComparison.Ordinal);
        Assert.Contains("runsMin", await RefusedAsync(experiment, """{"runsMin":0}"""), StringComparison.Ordinal);
        Assert.Contains("filter", await RefusedAsync(experiment, """{"filter":"metrics.a >"}"""), StringComparison.Ordinal);
        await NativeAsync($"/api/v1/experiments/{experiment}/groups/compare", """{"first":"a","second":"b"}""", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Search_BeginsAtARank_CountsAndLeavesOutColumns_AndRefusesWhatCannotBe()
    {
        var experiment = await TrainedAsync("x", [.. Enumerable.Range(0, 40).Select(n => n / 100.0)]);
        Task<JsonNode> Find(string more, HttpStatusCode status = HttpStatusCode.OK) =>
            NativeAsync("/api/v1/runs/search", $$"""{"experimentIds":["{{experiment}}"],"orderBy":["metrics.acc"],"maxResults":5,{{more}}}""", status);
        var page = await Find(""" "skip":17,"total":true,"columns":["params.opt"] """);
        var filtered = await Find(""" "filter":"at(metrics.acc, 1) >= 0.3","skip":2,"columns":["metrics.acc"] """);
        string Fault(JsonNode problem) => $"{problem["field"]} {problem["position"]} {problem["length"]}".TrimEnd();

        Assert.Equal((5, 40), (page["items"]!.AsArray().Count, (int)page["total"]!));
        Assert.All(page["items"]!.AsArray(), run => Assert.Equal((0, 1), (run!["metrics"]!.AsArray().Count, run["params"]!.AsArray().Count)));
        Assert.Equal([0.32, 0.33, 0.34, 0.35, 0.36], filtered["items"]!.AsArray().Select(run => (double)run!["metrics"]![0]!["value"]!));
        Assert.Equal(10, (int)filtered["total"]!);
        Assert.Equal((0, 40), ((await Find(""" "skip":40 """))["items"]!.AsArray().Count, (int)(await Find(""" "skip":4000 """))["total"]!));
        Assert.Equal("skip", Fault(await Find(""" "skip":-1 """, HttpStatusCode.BadRequest)));
        Assert.Equal("skip", Fault(await Find(""" "skip":100000001 """, HttpStatusCode.BadRequest)));
        Assert.Equal("skip", Fault(await Find($$""" "skip":1,"pageToken":"{{page["nextPageToken"]}}" """, HttpStatusCode.BadRequest)));
        Assert.Equal("columns[0]", Fault(await Find(""" "columns":["acc"] """, HttpStatusCode.BadRequest)));
        Assert.Equal("filter 21 0", Fault(await Find(""" "filter":"metrics.acc > 1 OR OR" """, HttpStatusCode.BadRequest)));
        Assert.Equal("filter 16 9", Fault(await Find(""" "filter":"run_id = 'x' OR a.b = 'c'" """, HttpStatusCode.BadRequest)));
    }

    [Fact]
    public async Task Keys_AreThoseOfTheMatchingRuns_AndBadQueriesNameTheField()
    {
        var experiment = await TrainedAsync("x", 0.1, 0.2, 0.3);
        Task<JsonNode> Keys(string body, HttpStatusCode status = HttpStatusCode.OK) => NativeAsync($"/api/v1/experiments/{experiment}/keys", body, status);
        var all = await Keys("{}");

        Assert.Equal((3, 0.1, 0.3), ((int)all["runs"]!, (double)all["metrics"]![0]!["min"]!, (double)all["metrics"]![0]!["max"]!));
        Assert.Equal(("opt", 1, "x"), ((string)all["params"]![0]!["key"]!, (int)all["params"]![0]!["values"]!, (string)all["params"]![0]!["commonest"]![0]!["value"]!));
        Assert.Equal(1, (int)(await Keys("""{"filter":"metrics.acc > 0.25"}"""))["runs"]!);
        foreach (var (body, field) in ((string, string)[])[("""{"limit":0}""", "limit"), ("""{"limit":10001}""", "limit"), ("""{"filter":"x >"}""", "filter"), ("""{"filter":"at(metrics.acc, 1) > 0"}""", "filter"), ("""{"columns":["x"]}""", "columns[0]")])
        {
            Assert.Equal(field, (string)(await Keys(body, HttpStatusCode.BadRequest))["field"]!);
        }

        await NativeAsync("/api/v1/experiments/987654321/keys", "{}", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Shares_SayWhatMovesAMetric_FromThirtyRunsOn_AndBadQueriesNameTheField()
    {
        var experiment = await TrainedAsync("x", [.. Enumerable.Range(0, 20).Select(n => n / 100.0)]);
        await TrainAsync(experiment, "y", [.. Enumerable.Range(0, 20).Select(n => 0.5 + (n / 100.0))]);
        Task<JsonNode> Shares(string body, HttpStatusCode status = HttpStatusCode.OK) => NativeAsync($"/api/v1/experiments/{experiment}/shares", body, status);
        var all = await Shares("""{"metric":"acc"}""");
        var few = await Shares("""{"metric":"acc","filter":"params.opt = 'x' AND"}""");

        Assert.Equal((40, true, "opt"), ((int)all["runs"]!, (bool)all["enough"]!, (string)all["params"]![0]!["key"]!));
        Assert.True((double)all["explained"]! > 0.8 && (double)all["params"]![0]!["share"]! > 0.5);
        Assert.Equal((20, false, 0), ((int)few["runs"]!, (bool)few["enough"]!, few["params"]!.AsArray().Count));
        Assert.Equal("metric", (string)(await Shares("""{"metric":""}""", HttpStatusCode.BadRequest))["field"]!);
        Assert.Equal("filter 3 0", await Shares("""{"metric":"acc","filter":"x >"}""", HttpStatusCode.BadRequest) is var fault ? $"{fault["field"]} {fault["position"]} {fault["length"]}" : "");
        await NativeAsync("/api/v1/experiments/987654321/shares", """{"metric":"acc"}""", HttpStatusCode.NotFound);
    }

    private async Task<string> RefusedAsync(string experiment, string body) =>
        (await NativeAsync($"/api/v1/experiments/{experiment}/groups", body, HttpStatusCode.BadRequest)).ToJsonString();

    private async Task<int> CountAsync(string experiment, string filter) =>
        (await mlflow.DoAsync("/mlflow/runs/search", new { experiment_ids = new[] { experiment }, filter, max_results = 100 }))["runs"]?.AsArray().Count ?? 0;

    private async Task<string> TrainedAsync(string optimizer, params double[] accuracies)
    {
        var experiment = (string)(await mlflow.DoAsync("/mlflow/experiments/create", new { name = $"search-{Guid.NewGuid():N}" }))["experiment_id"]!;
        await TrainAsync(experiment, optimizer, accuracies);
        return experiment;
    }

    private async Task TrainAsync(string experiment, string optimizer, params double[] accuracies)
    {
        for (var seed = 0; seed < accuracies.Length; seed++)
        {
            var run = (string)(await mlflow.DoAsync("/mlflow/runs/create", new { experiment_id = experiment }))["run"]!["info"]!["run_id"]!;
            await mlflow.DoAsync("/mlflow/runs/log-batch", new
            {
                run_id = run,
                metrics = new[] { new { key = "acc", value = accuracies[seed], timestamp = 1, step = 1 } },
                @params = new[] { new { key = "opt", value = optimizer }, new { key = "seed", value = $"{seed}" } },
            });
        }
    }

    private async Task<JsonNode> NativeAsync(string path, string body, HttpStatusCode expected)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var answer = await server.Http.PostAsync(path, content, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(expected == answer.StatusCode, $"{path}: {(int)answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }
}
