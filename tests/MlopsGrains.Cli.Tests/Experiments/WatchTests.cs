using MlopsGrains.Client;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests.Experiments;

public sealed class WatchTests(ServerFixture server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RunStatus.Finished, 0)]
    [InlineData(RunStatus.Failed, 3)]
    public async Task Run_IsFollowedToItsEnd(RunStatus end, int code)
    {
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress });
        var run = await client.StartRunAsync($"watched-{Guid.NewGuid():N}", new RunOptions { Name = "night shift" }, Cancel);
        run.LogMetric("loss", 0.5, 7);
        await run.FlushAsync(Cancel);
        var watching = Shell.RunAsync("runs", "watch", run.RunId, "--server", server.BaseAddress.AbsoluteUri);
        await run.EndAsync(end, Cancel);

        var said = await watching.WaitAsync(TimeSpan.FromSeconds(30), Cancel);

        Assert.Equal((code, ""), (said.Code, said.Error));
        Assert.Contains("loss = 0.5  (step 7)", said.Out, StringComparison.Ordinal);
        Assert.EndsWith($"run 'night shift' is {(end == RunStatus.Finished ? "finished" : "failed")}", said.Out.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownRun_IsCode2()
    {
        var said = await Shell.RunAsync("runs", "watch", "no-such-run", "--server", server.BaseAddress.AbsoluteUri);

        Assert.Equal((2, ""), (said.Code, said.Out));
    }
}
