using CsCheck;
using MlopsGrains.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Client.Tests.Experiments;

public sealed class SpoolTests : IDisposable
{
    private readonly TempDirectory directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task PlatformAwayAtTheEnd_BatchesAndTheEndWaitOnDisk_UntilTheNextClient()
    {
        var server = new RunServer([]);
        using (var client = Connect(server))
        {
            await using var run = await client.StartRunAsync("churn", cancellationToken: Cancel);
            server.IsAway = true;
            Log(run, 25);
            await run.FlushAsync(Cancel);
            Assert.NotEqual(0, run.Spooled);
        }

        server.IsAway = false;
        using var next = Connect(server);
        await next.Replaying.WaitAsync(TimeSpan.FromSeconds(30), Cancel);

        Assert.Equal(Numbers(25), server.Applied);
        Assert.Equal(["finished"], server.Ends);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task PlatformBack_WhileTheRunLogs_SpoolDrainsInOrder()
    {
        var server = new RunServer([]);
        using var client = Connect(server);
        await using var run = await client.StartRunAsync("churn", cancellationToken: Cancel);
        server.IsAway = true;
        Log(run, 30);
        await run.FlushAsync(Cancel);
        server.IsAway = false;
        Log(run, 60, from: 31);
        await run.FlushAsync(Cancel);

        await Eventually.Async(() => run.Spooled == 0, cancellationToken: Cancel);
        Assert.Equal(Numbers(60), server.Applied);
    }

    [Fact]
    public async Task LivingRunsSpool_IsNotTakenByAnotherClient()
    {
        var server = new RunServer([]);
        using var client = Connect(server);
        await using var run = await client.StartRunAsync("churn", cancellationToken: Cancel);
        server.IsAway = true;
        Log(run, 10);
        await run.FlushAsync(Cancel);
        using var other = Connect(server);

        Assert.Equal(new SpoolReplay(0, 0, 0), await other.ReplaySpoolAsync(Cancel));
        server.IsAway = false;
    }

    [Fact]
    public async Task FullSpool_HoldsTheCaller_AndLosesNothing()
    {
        var server = new RunServer([]);
        using var client = Connect(server, t => (t.SpoolBytesMax, t.BatchEntriesMax, t.BufferEntriesMax) = (1 << 20, 100, 200));
        await using var run = await client.StartRunAsync("churn", cancellationToken: Cancel);
        server.IsAway = true;
        var logged = 0;
        var logging = Task.Run(() =>
        {
            for (var i = 1; i <= 60_000; i++)
            {
                run.LogMetric("loss", i, i);
                Volatile.Write(ref logged, i);
            }
        }, Cancel);
        await Eventually.Async(() => run.Spooled > 0 && Files().Sum(f => new FileInfo(f).Length) > (1 << 20) - 10_000, cancellationToken: Cancel);
        Assert.True(Volatile.Read(ref logged) < 60_000);
        Assert.True(Files().Sum(f => new FileInfo(f).Length) <= 1 << 20);
        server.IsAway = false;
        await logging.WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        await run.FlushAsync(Cancel);

        await Eventually.Async(() => run.Spooled == 0, cancellationToken: Cancel);
        Assert.Equal(Numbers(60_000), server.Applied);
    }

    [Fact]
    public Task FileCutOrDamagedAnywhere_DeliversItsSoundBeginning() => Gen.Select(Gen.Double[0, 1], Gen.Bool, Gen.Byte).SampleAsync(
        async (where, cuts, noise) =>
        {
            var server = new RunServer([]);
            using (var client = Connect(server, t => t.BatchEntriesMax = 1))
            {
                await using var run = await client.StartRunAsync("churn");
                server.IsAway = true;
                Log(run, 20);
                await run.FlushAsync();
            }

            var file = Assert.Single(Files());
            var bytes = await File.ReadAllBytesAsync(file);
            var at = (int)(where * (bytes.Length - 1));
            await File.WriteAllBytesAsync(file, cuts ? bytes[..at] : [.. bytes[..at], (byte)(bytes[at] ^ (noise | 1)), .. bytes[(at + 1)..]]);
            server.IsAway = false;
            using (var next = Connect(server))
            {
                await next.Replaying;
                await next.ReplaySpoolAsync();
            }

            var whole = at / (bytes.Length / 21.0); // Twenty batches and the end, nearly alike in size.
            Assert.Equal(Numbers(server.Applied.Count), server.Applied);
            Assert.InRange(server.Applied.Count, Math.Floor(whole) - 1, Math.Ceiling(whole) + 1);
            Assert.Empty(Files());
        },
        iter: 40,
        threads: 1);

    [Fact]
    public async Task Resume_DeliversWhatTheRunLeftFirst()
    {
        var server = new RunServer([]);
        string runId;
        using (var client = Connect(server))
        {
            var run = await client.StartRunAsync("churn", cancellationToken: Cancel);
            runId = run.RunId;
            server.IsAway = true;
            Log(run, 5);
            await run.EndAsync(RunStatus.Killed, Cancel);
        }

        server.IsAway = false;
        // On the impatient clock the limit of a delivery strikes at once, and the end that it cut off is told again from the spool.
        using var next = Connect(server, time: TimeProvider.System);
        await using (var resumed = await next.ResumeRunAsync(runId, Cancel))
        {
            resumed.LogMetric("loss", 6);
        }

        Assert.Equal(Numbers(6), server.Applied);
        Assert.Equal(["killed", "running", "finished"], server.Ends);
    }

    private static IEnumerable<double> Numbers(int count) => Enumerable.Range(1, count).Select(i => (double)i);

    private static void Log(ActiveRun run, int to, int from = 1)
    {
        for (var i = from; i <= to; i++)
        {
            run.LogMetric("loss", i, i);
        }
    }

    private MlopsGrainsClient Connect(RunServer server, Action<TrackingOptions>? tracking = null, TimeProvider? time = null) => server.Connect(time, t =>
    {
        (t.SpoolDirectory, t.BatchEntriesMax) = (directory.Path, 4);
        tracking?.Invoke(t);
    });

    private List<string> Files() => [.. Directory.EnumerateFiles(directory.Path, "*.spool", SearchOption.AllDirectories)];
}
