using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MlopsGrains.Testing;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace MlopsGrains.EndToEnd;

/// <summary>Two silos and a gateway as real processes on one PostgreSQL; one silo is killed while runs log.</summary>
public sealed class ClusterTests(PostgresServer postgres)
{
    // The defaults notice a dead silo after some seconds; a test need not wait that long.
    private static readonly Dictionary<string, string> FastFailureDetection = new()
    {
        ["MLOPS_Membership__ProbeTimeout"] = "00:00:01",
        ["MLOPS_Membership__NumMissedProbesLimit"] = "2",
        ["MLOPS_Membership__NumVotesForDeathDeclaration"] = "1",
        ["MLOPS_Membership__TableRefreshTimeout"] = "00:00:05",
    };

    [Fact]
    public async Task SiloKilledWhileRunsLog_EveryAcknowledgedPointIsThere()
    {
        await using var cluster = await ServerCluster.StartAsync(postgres, silos: 2, FastFailureDetection);
        using var http = new HttpClient { BaseAddress = cluster.Gateway.Address, Timeout = TimeSpan.FromSeconds(40) };
        var load = new TrackingLoad(http);
        var runs = await load.CreateRunsAsync(16);

        using var stop = new CancellationTokenSource();
        using var stopWatching = new CancellationTokenSource();
        var watchers = runs.Take(4).ToDictionary(run => run, run => new EventWatcher(http, run));
        var watching = watchers.Values.Select(w => w.FollowAsync(stopWatching.Token)).ToArray();
        var writers = runs.Select(run => load.WriteAsync(run, stop.Token)).ToArray();
        await Eventually.Async(() => Task.FromResult(load.Acknowledged > 2_000), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await load.AssertSearchSeesAcknowledgedAsync();
        await cluster.Silos[1].KillAsync();
        var atKill = load.Acknowledged;
        await Eventually.Async(() => Task.FromResult(load.Acknowledged > atKill + 2_000), TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await Task.WhenAll(writers).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        await load.AssertSearchSeesAcknowledgedAsync();
        await load.AssertNothingLostOrDoubledAsync();

        // Those who watched through the gateway, whichever silo died, have seen the last point.
        await Eventually.Async(() => Task.FromResult(watchers.All(w => w.Value.LastStep >= load.AcknowledgedOf(w.Key) - 1)), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await stopWatching.CancelAsync();
        await Task.WhenAll(watching);
    }

    /// <summary>The only silo is killed and started again under another port; the membership table still says that the first one lives.</summary>
    [Fact]
    public async Task OnlySiloKilledAndStartedAgain_ServesOn()
    {
        using var directory = new TempDirectory();
        string[] server = ["--storage", "postgres", "--connection", await postgres.CreateDatabaseAsync(), "--data", directory.Path];
        await using var first = await ServerProcess.StartAsync(server);
        using var http = new HttpClient { BaseAddress = first.Address, Timeout = TimeSpan.FromSeconds(40) };
        var runs = await new TrackingLoad(http).CreateRunsAsync(1);
        await first.KillAsync();

        await using var second = await ServerProcess.StartAsync(server);

        using var again = new HttpClient { BaseAddress = second.Address };
        using var answer = await again.GetAsync(new Uri("/api/v1/runs/" + runs[0], UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode);
    }

    /// <summary>Whatever is asked for, a database that is away is told as such; a server that is told to stop meanwhile does not wait for it.</summary>
    [Fact]
    public async Task DatabaseAway_Is503AtEveryDoorAndAtHealth_AndStopsNobodyFromStopping()
    {
        await using var own = new PostgresServer();
        await own.InitializeAsync();
        using var directory = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--storage", "postgres", "--connection", await own.CreateDatabaseAsync(), "--data", directory.Path]);
        using var http = new HttpClient { BaseAddress = server.Address, Timeout = TimeSpan.FromSeconds(60) };
        var runs = await new TrackingLoad(http).CreateRunsAsync(1);
        await own.KillAsync();

        // Each waits for the database as long as it may, so they wait together.
        await Task.WhenAll(new[]
        {
            ("/api/v1/models", """{"name":"m"}"""),
            ("/api/v1/runs", """{"experimentId":"0"}"""),
            ("/api/2.0/mlflow/runs/log-batch", $$"""{"run_id":"{{runs[0]}}","metrics":[{"key":"a","value":1,"timestamp":1,"step":1}]}"""),
            ("/api/v1/datasets/d/versions", "x\n1\n"),
        }.Select(async request =>
        {
            var (path, body) = request;
            using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
            var said = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable && answer.Headers.RetryAfter is not null, $"{path}: {(int)answer.StatusCode} {said}");
        }));

        using var health = await http.GetAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        var asked = Stopwatch.StartNew();
        await server.StopAsync();
        Assert.True(asked.Elapsed < TimeSpan.FromSeconds(15), $"It took {asked.Elapsed} to stop.\n{server.Output}");
    }

    /// <summary>A silo goes on answering for some time after it was told to stop.</summary>
    [Fact]
    public async Task SiloStoppedWhileAModelServes_EveryAnsweredRowIsInTheMonitor()
    {
        await using var cluster = await ServerCluster.StartAsync(postgres, silos: 2, FastFailureDetection);
        using var caller = new Caller(cluster.Gateway.Address);
        await DeployWatchedAsync(caller);
        using var stop = new CancellationTokenSource();
        var load = new InferenceLoad(caller);
        var askers = Enumerable.Range(0, 8).Select(_ => load.AskAsync(stop.Token)).ToArray();
        await Eventually.Async(() => Task.FromResult(load.Answered > 500), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(0, await cluster.Silos[1].StopAsync());
        var atStop = load.Answered;
        await Eventually.Async(() => Task.FromResult(load.Answered > atStop + 500), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await Task.WhenAll(askers);

        async Task<int> CountedAsync() => (int)(await caller.DoAsync("/api/v1/monitors/watched"))["totalRows"]!;
        await Eventually.Async(async () => await CountedAsync() >= load.Answered, TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);
        Assert.InRange(await CountedAsync(), load.Answered, load.Answered + load.Unanswered);
    }

    /// <summary>What the killed process had answered and not counted yet is known to the next one.</summary>
    [Fact]
    public async Task ServerKilledWhileAModelServes_ItsMonitorSaysHowManyRowsItMissed()
    {
        using var directory = new TempDirectory();
        string[] server = ["--data", directory.Path];
        int answered, unanswered;
        await using (var first = await ServerProcess.StartAsync(server))
        {
            using var caller = new Caller(first.Address);
            await DeployWatchedAsync(caller);
            using var stop = new CancellationTokenSource();
            var load = new InferenceLoad(caller);
            var askers = Enumerable.Range(0, 8).Select(_ => load.AskAsync(stop.Token)).ToArray();
            await Eventually.Async(() => Task.FromResult(load.Answered > 1000), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            await first.KillAsync();
            await stop.CancelAsync();
            await Task.WhenAll(askers);
            (answered, unanswered) = (load.Answered, load.Unanswered);
        }

        await using var second = await ServerProcess.StartAsync(server);
        using var again = new Caller(second.Address);
        JsonNode monitor = new JsonObject();
        await Eventually.Async(async () => (int)(monitor = await again.DoAsync("/api/v1/monitors/watched"))["totalRows"]! + (int)monitor["missedRows"]! >= answered, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.InRange((int)monitor["totalRows"]! + (int)monitor["missedRows"]!, answered, answered + unanswered);
        Assert.InRange((int)monitor["missedRows"]!, 1, answered);
    }

    /// <summary>A pipeline trains, deploys and watches a model of one feature.</summary>
    private static async Task DeployWatchedAsync(Caller caller)
    {
        var table = "x,kind\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i},{(i % 7 < 3 ? "a" : "b")}\n"));
        using var stored = await caller.Http.PostAsync(new Uri("/api/v1/datasets/watched/versions", UriKind.Relative), new StringContent(table), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, stored.StatusCode);
        await caller.DoAsync("/api/v1/pipelines", Encoding.UTF8.GetBytes("""
            name: watched
            steps:
              - {name: load, uses: dataset/load, with: {dataset: watched}}
              - {name: train, uses: model/train, with: {experiment: watched, trainer: logistic-regression, task: binary, label: kind, positive: a, seed: 1, train: "${steps.load.outputs.digest}"}}
              - {name: evaluate, uses: model/evaluate, with: {candidates: "${steps.train.outputs}", test: "${steps.load.outputs.digest}", task: binary, label: kind, positive: a, metric: auc}}
              - {name: register, uses: model/register, with: {name: watched, run_id: "${steps.evaluate.outputs.run_id}", model: "${steps.evaluate.outputs.model}", metrics: "${steps.evaluate.outputs.metrics}"}}
              - {name: deploy, uses: model/deploy, with: {deployment: watched, model: "${steps.register.outputs.name}", version: "${steps.register.outputs.version}"}}
              - {name: monitor, uses: monitor/configure, with: {deployment: "${steps.deploy.outputs.deployment}", reference: "${steps.load.outputs.digest}", window_rows: 100000}}
            """));
        var run = (string)(await caller.DoAsync("/api/v1/pipelines/watched/runs", new { }))["pipelineRunId"]!;
        await Eventually.Async(async () => (string)(await caller.DoAsync("/api/v1/pipeline-runs/" + run))["status"]! is "succeeded" or "failed", TimeSpan.FromSeconds(90), TestContext.Current.CancellationToken);
        var ended = await caller.DoAsync("/api/v1/pipeline-runs/" + run);
        Assert.True((string)ended["status"]! == "succeeded", ended.ToJsonString());
    }
}
