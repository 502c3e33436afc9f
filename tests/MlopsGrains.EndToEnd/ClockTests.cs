using System.Globalization;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>The clock of the server's machine is set while it works (libfaketime changes what the process is told).</summary>
public sealed class ClockTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task ClockThatIsSetByADay_ChangesNothing(int days)
    {
        using var directory = new TempDirectory();
        var clock = new SettableClock(directory.File("clock"));
        await using var server = await ServerProcess.StartAsync(["--data", directory.File("data")], clock.Environment);
        using var caller = new Caller(server.Address);
        var pipeline = await SmallPipeline.DefineAsync(caller);
        var beating = await WatchedRunAsync(caller, seconds: 30);
        using var stop = new CancellationTokenSource();
        var beats = BeatAsync(caller, beating, stop.Token);
        var underWay = await pipeline.StartAsync();

        clock.Set(TimeSpan.FromDays(days));

        await Eventually.Async(() => Task.FromResult(server.Output.Contains($"The clock was set {(days < 0 ? "back" : "forward")} by", StringComparison.Ordinal)), TimeSpan.FromSeconds(20), Token);
        var silent = await WatchedRunAsync(caller, seconds: 5);
        for (var i = 0; i < 20; i++)
        {
            await caller.NewRunAsync(await caller.NewExperimentAsync($"after {i}"));
        }

        await pipeline.SucceedsAsync(underWay, TimeSpan.FromSeconds(60));
        await pipeline.SucceedsAsync(await pipeline.StartAsync(), TimeSpan.FromSeconds(60));
        await Eventually.Async(async () => await StatusAsync(caller, silent) == "FAILED", TimeSpan.FromSeconds(30), Token);
        Assert.Equal("RUNNING", await StatusAsync(caller, beating));
        await stop.CancelAsync();
        await beats;
        Assert.True((bool)(await caller.DoAsync("/api/v1/audit/verification"))["valid"]!);
        var created = long.Parse((string)(await caller.DoAsync(Caller.Mlflow + "experiments/get-by-name?experiment_name=after%200"))["experiment"]!["creation_time"]!.ToString(), CultureInfo.InvariantCulture);
        Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds(created) - DateTimeOffset.UtcNow, TimeSpan.FromDays(days - 0.1), TimeSpan.FromDays(days + 0.1));
    }

    private static async Task<string> WatchedRunAsync(Caller caller, int seconds) =>
        (string)(await caller.DoAsync("/api/v1/runs", new { experimentId = "0", heartbeatTimeoutSeconds = seconds }))["info"]!["runId"]!;

    private static async Task<string> StatusAsync(Caller caller, string run) => (string)(await caller.DoAsync(Caller.Mlflow + "runs/get?run_id=" + run))["run"]!["info"]!["status"]!;

    private static async Task BeatAsync(Caller caller, string run, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await caller.DoAsync($"/api/v1/runs/{run}/heartbeat", new { });
            await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
        }
    }
}
