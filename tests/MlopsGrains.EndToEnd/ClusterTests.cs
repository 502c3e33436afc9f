using MlopsGrains.Testing;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace MlopsGrains.EndToEnd;

/// <summary>Two silos and a gateway as real processes on one PostgreSQL; one silo is killed while runs log.</summary>
public sealed class ClusterTests(PostgresServer postgres)
{
    // The defaults notice a dead silo after about fifteen seconds; a test need not wait that long.
    private static readonly Dictionary<string, string> FastFailureDetection = new()
    {
        ["MLOPS_ClusterSecurity__Secret"] = new string('s', 64),
        ["MLOPS_Membership__ProbeTimeout"] = "00:00:01",
        ["MLOPS_Membership__NumMissedProbesLimit"] = "2",
        ["MLOPS_Membership__NumVotesForDeathDeclaration"] = "1",
        ["MLOPS_Membership__TableRefreshTimeout"] = "00:00:05",
    };

    [Fact]
    public async Task SiloKilledWhileRunsLog_EveryAcknowledgedPointIsThere()
    {
        using var directory = new TempDirectory();
        string[] cluster = ["--storage", "postgres", "--connection", await postgres.CreateDatabaseAsync(), "--blobs", directory.Path];
        await using var first = await ServerProcess.StartAsync(["--role", "silo", .. cluster], FastFailureDetection);
        await using var second = await ServerProcess.StartAsync(["--role", "silo", .. cluster], FastFailureDetection);
        await using var gateway = await ServerProcess.StartAsync(["--role", "gateway", .. cluster], FastFailureDetection);
        using var http = new HttpClient { BaseAddress = gateway.Address, Timeout = TimeSpan.FromSeconds(40) };
        var load = new TrackingLoad(http);
        var runs = await load.CreateRunsAsync(16);

        using var stop = new CancellationTokenSource();
        using var stopWatching = new CancellationTokenSource();
        var watchers = runs.Take(4).ToDictionary(run => run, run => new EventWatcher(http, run));
        var watching = watchers.Values.Select(w => w.FollowAsync(stopWatching.Token)).ToArray();
        var writers = runs.Select(run => load.WriteAsync(run, stop.Token)).ToArray();
        await Eventually.Async(() => Task.FromResult(load.Acknowledged > 2_000), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await load.AssertSearchSeesAcknowledgedAsync();
        await second.KillAsync();
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
}
