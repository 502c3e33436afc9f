using MlopsGrains.Client;
using MlopsGrains.Client.Tests;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests.Experiments;

/// <summary>A trainer that ran without the platform and will not run again.</summary>
public sealed class RunSyncTests(ServerFixture server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SpoolOfAnEndedTrainer_IsDeliveredOnce()
    {
        using var directory = new TempDirectory();
        await using var wire = new Wire(server.BaseAddress);
        await wire.CutAsync();
        var tracking = new TrackingOptions { SpoolDirectory = directory.Path, Offline = OfflineStart.Auto, Context = RunContext.None };
        string runId;
        using (var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = wire.Address, RetryCountMax = 0, Tracking = tracking }))
        {
            await using var run = await client.StartRunAsync($"synced-{Guid.NewGuid():N}", cancellationToken: Cancel);
            run.LogMetric("auc", 0.9);
            runId = run.RunId;
        }

        var early = await SyncAsync(directory.Path, wire.Address);
        wire.Mend();
        var first = await SyncAsync(directory.Path, wire.Address);
        var second = await SyncAsync(directory.Path, wire.Address);
        var nowhere = await SyncAsync(directory.File("none"), wire.Address);

        Assert.Equal((3, 3), (early.Code, early.Json.GetProperty("remaining").GetInt32()));
        Assert.Equal((0, 3), (first.Code, first.Json.GetProperty("delivered").GetInt32()));
        Assert.Equal((0, 0), (second.Code, second.Json.GetProperty("delivered").GetInt32()));
        Assert.Equal(2, nowhere.Code);
        var shown = await Shell.RunAsync("runs", "get", runId, "--json", "--server", server.BaseAddress.AbsoluteUri);
        Assert.Equal("finished", shown.Json.GetProperty("info").GetProperty("status").GetString());
    }

    private static Task<Said> SyncAsync(string directory, Uri platform) => Shell.RunAsync("runs", "sync", directory, "--json", "--server", platform.AbsoluteUri);
}
