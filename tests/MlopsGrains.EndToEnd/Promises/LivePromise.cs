using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd.Promises;

/// <summary>Who watches a run goes on after the last event that he saw, on whichever server, and misses nothing.</summary>
internal sealed class LivePromise : IPromise
{
    private string run = "";
    private EventWatcher? watcher;

    public async Task GiveAsync(Caller caller)
    {
        run = await caller.NewRunAsync("0");
        watcher = new EventWatcher(caller.Http, run);
        _ = watcher.FollowAsync(TestContext.Current.CancellationToken);
        await LogAsync(caller, 1);
        await Eventually.Async(() => watcher.LastStep == 1);
        Assert.Equal(2, watcher.Version);
    }

    public async Task AssertKeptAsync(Caller caller)
    {
        await LogAsync(caller, 2);
        await Eventually.Async(() => watcher!.LastStep == 2);
        Assert.Equal(3, watcher!.Version);
    }

    private async Task LogAsync(Caller caller, int step) => await caller.DoAsync(Caller.Mlflow + "runs/log-metric", new { run_id = run, key = "m", value = 1, timestamp = 1, step });
}
