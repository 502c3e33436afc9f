using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Client.Tests.Experiments;

/// <summary>A trainer that starts before it reaches the platform, which is real and behind a wire that is cut.</summary>
public sealed class OfflineStartTests(ServerFixture server) : IAsyncLifetime
{
    private readonly TempDirectory directory = new();
    private readonly string experiment = $"offline-{Guid.NewGuid():N}";
    private Wire wire = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        wire = new Wire(server.BaseAddress);
        await wire.CutAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await wire.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task WholeRunWithoutThePlatform_AppearsWithItsOwnTimes_OnceTheNextProcessFindsIt()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2020, 2, 3, 4, 5, 6, TimeSpan.Zero)) { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) };
        string runId, childId;
        using (var client = Connect(time))
        {
            await using var run = await client.StartRunAsync(experiment, new RunOptions { Name = "night train", Tags = [new Tag("team", "growth")] }, Cancel);
            runId = run.RunId;
            run.LogParam("trees", 200);
            run.LogMetric("auc", 0.9, step: 7, new DateTimeOffset(2020, 2, 3, 5, 0, 0, TimeSpan.Zero));
            await run.LogArtifactAsync("plots/a.txt", Content("first"), Cancel);
            await run.LogArtifactAsync("plots/a.txt", Content("second"), Cancel);
            await using (var child = await run.StartChildAsync(cancellationToken: Cancel))
            {
                childId = child.RunId;
            }

            time.Advance(TimeSpan.FromHours(2));
            Assert.Equal("", run.Info.ExperimentId);
        }

        Assert.Null(await Platform().Experiments.FindByNameAsync(experiment, Cancel));
        wire.Mend();
        await DeliverAsync();
        await DeliverAsync();

        var home = await Platform().Experiments.FindByNameAsync(experiment, Cancel);
        var runs = await Platform().Runs.SearchAsync(home!.ExperimentId, cancellationToken: Cancel).ToListAsync(Cancel);
        Assert.Equal(new[] { runId, childId }.Order(), runs.Select(r => r.Info.RunId).Order());
        var stored = await Platform().Runs.GetAsync(runId, Cancel);
        Assert.Equal(("night train", RunStatus.Finished), (stored.Info.RunName, stored.Info.Status));
        Assert.Equal("2020-02-03T04:05:06", At(stored.Info.StartTime));
        Assert.StartsWith("2020-02-03T06:05:", At(stored.Info.EndTime!.Value), StringComparison.Ordinal);
        Assert.Equal([new Tag("trees", "200")], stored.Params);
        Assert.Contains(new Tag("team", "growth"), stored.Tags);
        Assert.Contains(new Tag(ActiveRun.ParentTag, runId), (await Platform().Runs.GetAsync(childId, Cancel)).Tags);
        var point = Assert.Single(await Platform().Runs.GetMetricHistoryAsync(runId, "auc", Cancel).ToListAsync(Cancel));
        Assert.Equal((0.9, 7, "2020-02-03T05:00:00"), (point.Value, point.Step, At(point.Timestamp)));
        Assert.Equal("second", await ReadAsync(runId, "plots/a.txt"));
        Assert.Empty(Files());
    }

    [Fact]
    public async Task PlatformBackWhileTheRunGoesOn_TheSameProcessBringsItThere()
    {
        using var client = Connect(retryDelay: TimeSpan.FromMilliseconds(100));
        await using var run = await client.StartRunAsync(experiment, cancellationToken: Cancel);
        run.LogMetric("loss", 1, 1);
        await using (var once = new ReadOnceStream("read once"))
        {
            await run.LogArtifactAsync("once.txt", once, Cancel);
        }

        await run.FlushAsync(Cancel);
        wire.Mend();
        await Eventually.Async(() => run.Spooled == 0, cancellationToken: Cancel);
        run.LogMetric("loss", 2, 2);
        await run.LogArtifactAsync("later.txt", Content("later"), Cancel);
        await run.FlushAsync(Cancel);

        Assert.NotEqual("", run.Info.ExperimentId);
        Assert.Equal([1.0, 2.0], await Platform().Runs.GetMetricHistoryAsync(run.RunId, "loss", Cancel).Select(m => m.Value).ToListAsync(Cancel));
        Assert.Equal("read once", await ReadAsync(run.RunId, "once.txt"));
        Assert.Equal("later", await ReadAsync(run.RunId, "later.txt"));
    }

    [Fact]
    public async Task ExperimentDeletedMeanwhile_TheRunIsKept_UntilItIsRestored()
    {
        var home = await Platform().Experiments.CreateAsync(new NewExperiment(experiment), Cancel);
        await Platform().Experiments.DeleteAsync(home.ExperimentId, Cancel);
        string runId;
        using (var client = Connect())
        {
            await using var run = await client.StartRunAsync(experiment, cancellationToken: Cancel);
            run.LogMetric("loss", 1);
            runId = run.RunId;
        }

        wire.Mend();
        using (var client = Connect())
        {
            var kept = await client.ReplaySpoolAsync(Cancel);
            Assert.Equal((0, 1), (kept.Delivered, kept.Refused));
            Assert.NotEqual(0, kept.Remaining);
        }

        await Platform().Experiments.RestoreAsync(home.ExperimentId, Cancel);
        await DeliverAsync();

        Assert.Single((await Platform().Runs.GetAsync(runId, Cancel)).Metrics);
    }

    [Fact]
    public async Task PlatformThatHangs_IsWaitedForFiveSeconds()
    {
        using var deaf = new TcpListener(IPAddress.Loopback, 0);
        deaf.Start();
        var time = new FakeTimeProvider();
        using var client = Connect(time, platform: new Uri($"http://{deaf.LocalEndpoint}"));

        var starting = client.StartRunAsync(experiment, cancellationToken: Cancel);
        using var connection = await deaf.AcceptTcpClientAsync(Cancel);
        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(starting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        var run = await starting;

        Assert.NotEqual(0, run.Spooled);
        var ending = run.DisposeAsync().AsTask();
        await Eventually.Async(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return ending.IsCompleted;
            },
            cancellationToken: Cancel);
        await ending;
        Assert.NotEmpty(Files());
    }

    [Fact]
    public async Task FileThatDoesNotFitIntoTheSpool_IsRefused_AndLeavesItsRoom()
    {
        using var client = Connect();
        await using var run = await client.StartRunAsync(experiment, cancellationToken: Cancel);

        var refusal = await Assert.ThrowsAsync<MlopsException>(() => run.LogArtifactAsync("big.bin", new MemoryStream(new byte[2 << 20]), Cancel));
        await run.LogArtifactAsync("small.bin", new MemoryStream(new byte[900 << 10]), Cancel);

        Assert.Contains("'big.bin' does not fit into the spool (SpoolBytesMax)", refusal.Message, StringComparison.Ordinal);
        Assert.Single(Files(), f => f.EndsWith(".artifact", StringComparison.Ordinal));
    }

    [Fact]
    public async Task NotAsked_StartFails_AndWhatThePlatformWouldRefuseFailsAtOnce()
    {
        using var careful = Connect(offline: OfflineStart.Never);
        using var client = Connect();

        Assert.Equal(ErrorKind.Unavailable, (await Assert.ThrowsAsync<MlopsException>(() => careful.StartRunAsync(experiment, cancellationToken: Cancel))).Kind);
        await Assert.ThrowsAsync<ArgumentException>(() => client.StartRunAsync(new string('x', 501), cancellationToken: Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => client.StartRunAsync(experiment, new RunOptions { Name = new string('x', 251) }, Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => client.StartRunAsync(experiment, new RunOptions { Tags = [new Tag("", "")] }, Cancel));
        Assert.Empty(Files());
    }

    private static string At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).ToString("yyyy-MM-dd'T'HH:mm:ss", null);

    private static MemoryStream Content(string text) => new(Encoding.UTF8.GetBytes(text));

    private MlopsGrainsClient Platform() => MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress });

    private MlopsGrainsClient Connect(TimeProvider? time = null, OfflineStart offline = OfflineStart.Auto, TimeSpan? retryDelay = null, Uri? platform = null) => MlopsGrainsClient.Create(
        new MlopsGrainsClientOptions
        {
            BaseAddress = platform ?? wire.Address,
            RetryCountMax = 0,
            RetryDelayMax = retryDelay ?? TimeSpan.FromSeconds(30),
            Tracking = new TrackingOptions { SpoolDirectory = directory.Path, SpoolBytesMax = 1 << 20, Offline = offline, Context = RunContext.None },
        },
        time: time);

    private async Task DeliverAsync()
    {
        using var next = Connect();
        await next.Replaying.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }

    private async Task<string> ReadAsync(string runId, string path)
    {
        using var reader = new StreamReader(await Platform().Runs.DownloadArtifactAsync(runId, path, Cancel));
        return await reader.ReadToEndAsync(Cancel);
    }

    private List<string> Files() => [.. Directory.EnumerateFiles(directory.Path, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal))];

    /// <summary>As a response's body or a pipe: it cannot be read again.</summary>
    private sealed class ReadOnceStream(string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        public override bool CanSeek => false;
    }
}
