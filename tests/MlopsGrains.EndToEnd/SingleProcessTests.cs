using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>The laptop form: one process, one SQLite file.</summary>
public sealed partial class SingleProcessTests
{
    /// <summary>Whoever reaches a port of Orleans can call every grain, past the gateway's locks.</summary>
    [Fact]
    public async Task OneProcess_ListensForHttpAlone()
    {
        using var directory = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--data", directory.Path]);

        Assert.Equal([server.Address.Port], server.ListeningPorts());
    }

    [Fact]
    public async Task WhatIsStored_IsForTheServersUserAlone()
    {
        using var directory = new TempDirectory();
        var data = directory.File("data");
        await using var server = await ServerProcess.StartAsync(["--data", data]);
        using var caller = new Caller(server.Address);
        var run = await caller.NewRunAsync("0");
        using var http = new HttpClient { BaseAddress = server.Address };
        using var stored = await http.PutAsync($"/api/v1/runs/{run}/artifacts/a.txt", new StringContent("secret"), TestContext.Current.CancellationToken);
        stored.EnsureSuccessStatusCode();

        var entries = Directory.EnumerateFileSystemEntries(data, "*", SearchOption.AllDirectories).Append(data).ToList();

        Assert.True(entries.Count > 5);
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        Assert.All(entries, e => Assert.Equal(UnixFileMode.None, (OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(e)) & Others));
    }

    [Fact]
    public async Task ProcessKilledWhileRunsLog_EveryAcknowledgedPointIsThereAfterRestart()
    {
        using var directory = new TempDirectory();
        var port = FreePort.Next();
        await using var first = await ServerProcess.StartAsync(["--data", directory.Path], port: port);
        using var http = new HttpClient { BaseAddress = first.Address, Timeout = TimeSpan.FromSeconds(40) };
        var load = new TrackingLoad(http);
        var runs = await load.CreateRunsAsync(8);
        using var stop = new CancellationTokenSource();
        var writers = runs.Select(run => load.WriteAsync(run, stop.Token)).ToArray();
        await Eventually.Async(() => Task.FromResult(load.Acknowledged > 2_000), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await load.AssertSearchSeesAcknowledgedAsync();

        await first.KillAsync();
        await using var second = await ServerProcess.StartAsync(["--data", directory.Path], port: port);
        await stop.CancelAsync();
        await Task.WhenAll(writers).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        await load.AssertSearchSeesAcknowledgedAsync();
        await load.AssertNothingLostOrDoubledAsync();
    }

    /// <summary>
    /// Eight batches are always on their way, so some are stored and their answers lost when the process dies. All are then sent again, twice and in any order. Each is applied once: points
    /// cannot show that, since exact repeats of points are dropped anyway, but the run's version counts what was stored.
    /// </summary>
    [Fact]
    public async Task ProcessKilledBetweenCommitAndReply_BatchesSentAgain_AreAppliedOnce()
    {
        const int Batches = 400;
        using var directory = new TempDirectory();
        var port = FreePort.Next();
        await using var first = await ServerProcess.StartAsync(["--data", directory.Path], port: port);
        using var caller = new Caller(first.Address);
        var run = await caller.NewRunAsync("0");
        var (next, acknowledged) = (0, 0);
        var senders = Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var number = Interlocked.Increment(ref next); number <= Batches; number = Interlocked.Increment(ref next))
            {
                if (!await SendAsync(number))
                {
                    return;
                }

                Interlocked.Increment(ref acknowledged);
            }
        }).ToArray();
        await Eventually.Async(() => Task.FromResult(Volatile.Read(ref acknowledged) >= 150), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await first.KillAsync();
        await Task.WhenAll(senders);
        Assert.InRange(acknowledged, 150, Batches - 1);

        await using var second = await ServerProcess.StartAsync(["--data", directory.Path], port: port);
        var again = Enumerable.Range(1, Batches).ToArray();
        for (var pass = 0; pass < 2; pass++)
        {
            // Neighbours change places: numbers arrive out of order, as from a producer with several requests on their way.
            foreach (var batch in again.Chunk(8))
            {
                new Random(pass).Shuffle(batch);
                Assert.All(await Task.WhenAll(batch.Select(SendAsync)), Assert.True);
            }
        }

        using var stop = new CancellationTokenSource();
        var watcher = new EventWatcher(caller.Http, run);
        var watching = watcher.FollowAsync(stop.Token);
        await Eventually.Async(() => Task.FromResult(watcher.Version > 0), TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await watching;
        Assert.Equal(1 + Batches, watcher.Version);

        async Task<bool> SendAsync(int number)
        {
            try
            {
                var (status, body) = await caller.SendAsync($"/api/v1/runs/{run}/batches", new
                {
                    metrics = new[] { new { key = "m", value = number, timestamp = number, step = number } },
                    tags = new[] { new { key = "last", value = $"{number}" } },
                    producer = new { producerId = "p", sequence = number },
                });
                Assert.True(status == System.Net.HttpStatusCode.NoContent, $"batch {number}: {status} {body}");
                return true;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Stop_DrainsAndEndsWithZero()
    {
        using var directory = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--data", directory.Path]);
        using var http = new HttpClient { BaseAddress = server.Address };
        await new TrackingLoad(http).CreateRunsAsync(1);

        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task Start_OnAllAddressesWithoutAuthentication_IsRefused()
    {
        using var directory = new TempDirectory();

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => ServerProcess.StartAsync(["--data", directory.Path], address: "http://0.0.0.0"));

        Assert.Contains("authentication", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_IsGivenBackWhenTheLoadIsOver()
    {
        using var directory = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--data", directory.Path], new Dictionary<string, string> { ["MLOPS_IdleMemory__QuietFor"] = "00:00:00.25" });
        using var caller = new Caller(server.Address);
        var experiment = await caller.NewExperimentAsync("load");
        for (var i = 0; i < 2; i++)
        {
            var before = await MetricAsync("mlops_server_memory_returned");
            for (var end = await AllocatedAsync() + 100_000_000; await AllocatedAsync() < end;)
            {
                await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => caller.NewRunAsync(experiment)));
            }

            await Eventually.Async(async () => await MetricAsync("mlops_server_memory_returned") > before, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        }

        Task<double> AllocatedAsync() => MetricAsync("dotnet_gc_heap_total_allocated_bytes");

        async Task<double> MetricAsync(string name) => Encoding.UTF8.GetString(await caller.BytesAsync("/metrics")).Split('\n')
            .LastOrDefault(l => l.StartsWith(name, StringComparison.Ordinal)) is { } line ? double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture) : 0;
    }

    [Fact]
    public async Task Operation_MetricsDashboardAndDocument_Answer()
    {
        using var directory = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--data", directory.Path]);
        using var http = new HttpClient { BaseAddress = server.Address };
        await new TrackingLoad(http).CreateRunsAsync(1);

        await Eventually.Async(async () => AssertMetrics(await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken)), TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Contains("<html", await http.GetStringAsync(new Uri("/orleans/", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\"openapi\"", await http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("OK", await http.GetStringAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken));
        Assert.DoesNotContain("Polly", server.Output, StringComparison.Ordinal); // Orleans would write two lines for each grain that wakes up.
    }

    /// <summary>Whether the metrics of what was done are there; each must be in the guide, and no label may hold a name that users choose.</summary>
    private static bool AssertMetrics(string text)
    {
        var guide = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "operations.md"));
        var own = text.Split('\n').Where(l => l.StartsWith("# TYPE mlops_", StringComparison.Ordinal)).Select(l => l.Split(' ')[2]).ToHashSet();
        Assert.All(own, name => Assert.Contains($"| `{name}` |", guide, StringComparison.Ordinal));
        var labels = text.Split('\n').Where(l => l.StartsWith("mlops_", StringComparison.Ordinal)).SelectMany(l => Label().Matches(l)).Select(m => m.Groups[1].Value);
        Assert.All(labels, label => Assert.True(label is "engine" or "status" or "outcome" or "reason" or "le" || label.StartsWith("otel_", StringComparison.Ordinal), label));
        return text.Contains("orleans_", StringComparison.Ordinal) && own.IsSupersetOf(["mlops_runs_created_total", "mlops_storage_queue_length", "mlops_webhooks_queue_length", "mlops_storage_commits_total"]);
    }

    [GeneratedRegex("[{,]([a-z_]+)=\"")]
    private static partial Regex Label();
}
