using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Runs;
using MlopsGrains.Testing;
using Orleans.TestingHost;

namespace MlopsGrains.Grains.Tests.Experiments.Runs;

/// <summary>Runs that fall silent, on a silo whose clock is moved by hand and whose sweep is called by hand.</summary>
public sealed class HeartbeatTests : IAsyncDisposable
{
    private readonly TempDirectory directory = new();
    private readonly MovedClock clock = new();
    private InProcessTestCluster? cluster;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private InProcessTestCluster Cluster => cluster!;

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task SilentRun_Fails_AndAWriteOrABeatKeepsOneAlive()
    {
        await StartAsync();
        var (silent, writing, beating, unwatched) = (await NewRun(30), await NewRun(30), await NewRun(30), await NewRun(null));
        await PassAsync(20);
        await writing.LogBatch(new RunBatch(MetricColumns.Empty, [new Tag("p", "1")], []), Token);
        await beating.Beat(Token);
        await PassAsync(20);

        var failed = await silent.Get(Token);
        Assert.Equal((RunStatus.Failed, clock.GetUtcNow().ToUnixTimeMilliseconds() / 10_000), (failed!.Info.Status, failed.Info.EndTime / 10_000));
        Assert.Contains("30 seconds", failed.Tags.Single(t => t.Key == "mlops.failure").Value, StringComparison.Ordinal);
        Assert.Equal(RunStatus.Running, (await writing.Get(Token))!.Info.Status);
        Assert.Equal(RunStatus.Running, (await beating.Get(Token))!.Info.Status);

        await PassAsync(1_000_000);
        Assert.Equal(RunStatus.Running, (await unwatched.Get(Token))!.Info.Status);
        Assert.Equal(RunStatus.Failed, (await beating.Get(Token))!.Info.Status);
    }

    [Fact]
    public async Task RunWhoseSiloDied_IsFoundAfterTheRestart()
    {
        await StartAsync();
        var id = (await NewRun(30)).GetPrimaryKeyString();
        await Cluster.DisposeAsync();
        await StartAsync();
        var run = Cluster.Client.GetGrain<IRunGrain>(id);

        await PassAsync(20);
        await PassAsync(20);
        Assert.Equal(RunStatus.Running, (await run.Get(Token))!.Info.Status); // It woke up twenty seconds ago.
        await PassAsync(20);
        Assert.Equal(RunStatus.Failed, (await run.Get(Token))!.Info.Status);
    }

    [Fact]
    public async Task EndedOrUntaggedRun_IsNoLongerAwaited_AndAResumedOneIs()
    {
        await StartAsync();
        var (ended, untagged) = (await NewRun(30), await NewRun(30));
        await ended.Update(new RunUpdate(RunStatus.Finished), Token);
        await untagged.DeleteTag(Heartbeat.TimeoutTag, Token);
        await PassAsync(40);
        Assert.Empty(await AwaitedAsync());
        Assert.Equal(RunStatus.Finished, (await ended.Get(Token))!.Info.Status);
        Assert.Equal(RunStatus.Running, (await untagged.Get(Token))!.Info.Status);

        await ended.Update(new RunUpdate(RunStatus.Running), Token);
        Assert.Equal([ended.GetPrimaryKeyString()], await AwaitedAsync());
        await PassAsync(40);
        Assert.Equal(RunStatus.Failed, (await ended.Get(Token))!.Info.Status);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(604_801)]
    public async Task TimeoutOutsideItsLimits_IsRefused(int seconds)
    {
        await StartAsync();

        Assert.Equal("heartbeatTimeoutSeconds", (await Assert.ThrowsAsync<MlopsException>(() => NewRun(seconds))).Field);
        var run = await NewRun(null);
        var tags = new RunBatch(MetricColumns.Empty, [], [new Tag("a", ""), new Tag(Heartbeat.TimeoutTag, "1.5")]);
        Assert.Equal("tags[1].value", (await Assert.ThrowsAsync<MlopsException>(() => run.LogBatch(tags, Token))).Field);
    }

    private async Task StartAsync() => cluster = await SiloFixture.StartAsync(directory.Path, silo =>
    {
        silo.Services.AddSingleton<TimeProvider>(clock);
        silo.Services.Configure<HeartbeatOptions>(o => o.SweepPeriod = TimeSpan.FromHours(1));
    });

    private async Task PassAsync(int seconds)
    {
        clock.Ahead += TimeSpan.FromSeconds(seconds);
        await Cluster.GetSiloServiceProvider().GetServices<IHostedService>().OfType<HeartbeatSweep>().Single().SweepAll(Token);
    }

    private async Task<IReadOnlyList<string>> AwaitedAsync() => (await Cluster.Client.GetGrain<ICatalogGrain>(CatalogKinds.AwaitedRuns).List(null, 100, Token)).Items;

    private async Task<IRunGrain> NewRun(int? seconds)
    {
        var run = Cluster.Client.GetGrain<IRunGrain>(Guid.NewGuid().ToString("N"));
        await run.Create(new NewRun("0", HeartbeatTimeoutSeconds: seconds), Token);
        return run;
    }

    /// <summary>The real clock, ahead by as much as the test says; timers keep real time, so the runtime notices nothing.</summary>
    private sealed class MovedClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Ahead.TotalSeconds * TimestampFrequency);
    }
}
