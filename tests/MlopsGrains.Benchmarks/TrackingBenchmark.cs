using System.Diagnostics;
using System.Globalization;
using MlopsGrains.Testing;

namespace MlopsGrains.Benchmarks;

/// <summary>
/// The tracking door under load, case by case, through HTTP with durable acknowledgements; server and load share the machine's cores.
/// Throughput of 100-point batches against a journal that forgets is <c>log-batch</c>; a million runs in one index is <c>search</c>; one run through the client
/// library is <c>client</c>.
/// </summary>
internal sealed class TrackingBenchmark(string engine, int runs, TimeSpan duration, bool writesOnly, PostgresServer? postgres)
{
    public static async Task<int> RunAsync(string[] args)
    {
        var engines = Text(args, "--engine", "sqlite,postgres").Split(',');
        var runs = int.Parse(Text(args, "--runs", "100000"), CultureInfo.InvariantCulture);
        var duration = TimeSpan.FromSeconds(int.Parse(Text(args, "--seconds", "8"), CultureInfo.InvariantCulture));
        var writesOnly = args.Contains("--writes-only");
        Console.WriteLine($"{"engine",-9}{"case",-52}{"per second",12}{"p50 ms",9}{"p99 ms",9}{"rss MiB",9}");
        foreach (var engine in engines)
        {
            await using var postgres = engine == "postgres" ? await PostgresUnderLoad.StartAsync() : null;
            await new TrackingBenchmark(engine, runs, duration, writesOnly, postgres).RunAsync();
        }

        return 0;
    }

    private async Task RunAsync()
    {
        using var directory = new TempDirectory();
        string[] storage = postgres is null ? [] : ["--connection", await postgres.CreateDatabaseAsync()];
        string[] arguments = ["--storage", engine, "--data", directory.Path, .. storage];
        Environment.SetEnvironmentVariable("MLOPS_GrainCollection__CollectionAge", "00:01:15");
        string full;
        await using (var server = await ServerUnderLoad.StartAsync(arguments))
        {
            await WritesAsync(server);
            if (writesOnly)
            {
                return;
            }

            await HistoryAsync(server);
            full = await SearchesAsync(server);
            await IdleAsync(server);
        }

        await using (var server = await ServerUnderLoad.StartAsync(arguments))
        {
            await With(server, 1, async connections =>
            {
                var began = Stopwatch.GetTimestamp();
                await Tracking.RequireAsync(connections[0], Tracking.Search(full));
                Report(server, $"first search after kill -9, {runs:N0} runs", began);
                await DeletedAndRestoredAsync(server, connections[0], full);
            });
        }
    }

    /// <summary>The whole experiment is deleted and at once restored, while its runs still hear of the deletion; a search must see all of it each time.</summary>
    private async Task DeletedAndRestoredAsync(ServerUnderLoad server, LoadConnection connection, string experiment)
    {
        var found = await FoundAsync();
        foreach (var (action, expected) in new[] { ("delete", 0), ("restore", found.Count) })
        {
            var began = Stopwatch.GetTimestamp();
            await Tracking.RequireAsync(connection, LoadConnection.Post($"{Tracking.Root}experiments/{action}", $$"""{"experiment_id":"{{experiment}}"}"""));
            Report(server, $"experiments/{action}, {runs:N0} runs", began);
            var seen = await FoundAsync();
            if (seen.Count != expected || (expected > 0 && !seen.SetEquals(found)))
            {
                throw new InvalidOperationException($"After {action} a search found {seen.Count} runs instead of {expected}.");
            }
        }

        async Task<HashSet<string>> FoundAsync()
        {
            await Tracking.RequireAsync(connection, Tracking.Search(experiment));
            return [.. Tracking.RunId().Matches(connection.Body).Select(m => m.Groups[1].Value)];
        }
    }

    private void Report(ServerUnderLoad server, string name, long began) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{engine,-9}{name,-52}{"",12}{Stopwatch.GetElapsedTime(began).TotalMilliseconds,9:0}{"",9}{server.ResidentMebibytes,9:0}"));

    private async Task WritesAsync(ServerUnderLoad server)
    {
        await With(server, 256, async connections =>
        {
            var ids = await Tracking.CreateRunsAsync(connections, "0", connections.Count);
            foreach (var (points, first, name) in new[] { (100, 100_000_000, "log-batch of 100 points, 256 connections (points/s)"), (1, 500_000_000, "log-batch of one point, 256 connections") })
            {
                var requests = ids.Select(run => new LogBatchRequest(run, points, first)).ToArray();
                await MeasureAsync(server, name, connections, (connection, number) => connection.SendAsync(requests[number].Next()), points);
            }

            await MeasureAsync(server, "log-metric, 256 connections", connections, (connection, number) => connection.SendAsync(LogMetric(ids[number])));
        });
        await With(server, 64, async connections =>
        {
            var experiment = await Tracking.CreateExperimentAsync(connections[0], "created");
            var create = Tracking.CreateRun(experiment);
            await MeasureAsync(server, "create-run, 64 connections", connections, (connection, _) => connection.SendAsync(create));
        });
        await With(server, 100, async connections =>
        {
            var run = (await Tracking.CreateRunsAsync(connections, "0", 1))[0];
            await MeasureAsync(server, "log-metric, 100 writers to one run", connections, (connection, _) => connection.SendAsync(LogMetric(run)));
        });
    }

    private async Task HistoryAsync(ServerUnderLoad server) => await With(server, 8, async connections =>
    {
        var run = (await Tracking.CreateRunsAsync(connections, "0", 1))[0];
        var batch = new LogBatchRequest(run, 1000);
        for (var i = 0; i < 20; i++)
        {
            await Tracking.RequireAsync(connections[0], batch.Next());
        }

        await Tracking.RequireAsync(connections[0], Tracking.EndRun(run));
        var request = LoadConnection.Get($"{Tracking.Root}metrics/get-history?run_id={run}&metric_key=train/loss&max_results=10000");
        await MeasureAsync(server, "get-history, 10,000 points of an ended run, one by one", [connections[0]], (connection, _) => connection.SendAsync(request));
    });

    private async Task<string> SearchesAsync(ServerUnderLoad server)
    {
        var experiment = "";
        await With(server, 64, async connections =>
        {
            experiment = await Tracking.CreateExperimentAsync(connections[0], "full");
            await Tracking.CreateEndedRunsAsync(connections, experiment, runs);
            await Tracking.RequireAsync(connections[0], Tracking.Search(experiment));
            var search = Tracking.Search(experiment);
            await MeasureAsync(server, $"runs/search, {runs:N0} runs, one by one", [connections[0]], (connection, _) => connection.SendAsync(search));
        });
        await With(server, 501, async connections =>
        {
            var active = await Tracking.CreateRunsAsync(connections, experiment, 500);
            var writers = Load.RunAsync([.. connections.Take(500)], duration + TimeSpan.FromSeconds(1), async (connection, number) =>
            {
                var status = await connection.SendAsync(LogMetric(active[number]));
                await Task.Delay(1000);
                return status;
            });
            var search = Tracking.Search(experiment);
            await MeasureAsync(server, "the same while 500 runs log once a second", [connections[500]], (connection, _) => connection.SendAsync(search));
            await writers;
        });
        return experiment;
    }

    /// <summary>
    /// Until the grains sleep and their memory is given back, or four minutes are over. The server collects grains after 75 s here (the default is longer), so
    /// that the case ends before its reader does.
    /// </summary>
    private async Task IdleAsync(ServerUnderLoad server)
    {
        var (active, resident) = (await server.ActivationsAsync(), server.ResidentMebibytes);
        var began = Stopwatch.GetTimestamp();
        while ((await server.ActivationsAsync() > active / 20 || server.ResidentMebibytes > resident / 2) && Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(4))
        {
            await Task.Delay(TimeSpan.FromSeconds(2));
        }

        var left = await server.ActivationsAsync();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{engine,-9}at rest: {active:N0} active grains and {resident:0} MiB before, {left:N0} and {server.ResidentMebibytes:0} MiB after {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s"));
    }

    private static int clock;

    private static byte[] LogMetric(string run)
    {
        var tick = Interlocked.Increment(ref clock);
        return LoadConnection.Post(Tracking.Root + "runs/log-metric", string.Create(
            CultureInfo.InvariantCulture, $$"""{"run_id":"{{run}}","key":"loss","value":0.125,"timestamp":{{1_700_000_000_000 + tick}},"step":{{tick}}}"""));
    }

    private async Task MeasureAsync(ServerUnderLoad server, string name, IReadOnlyList<LoadConnection> connections, Func<LoadConnection, int, Task<int>> send, int scale = 1)
    {
        await Load.RunAsync(connections, TimeSpan.FromSeconds(2), send);
        var load = await Load.RunAsync(connections, duration, send);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{engine,-9}{name,-52}{load.PerSecond * scale,12:N0}{load.P50,9:0.0}{load.P99,9:0.0}{server.ResidentMebibytes,9:0}{(load.Errors > 0 ? $"  {load.Errors} errors" : "")}"));
    }

    private static async Task With(ServerUnderLoad server, int count, Func<IReadOnlyList<LoadConnection>, Task> use)
    {
        var connections = await LoadConnection.OpenAsync(server.Port, count);
        try
        {
            await use(connections);
        }
        finally
        {
            foreach (var connection in connections)
            {
                connection.Dispose();
            }
        }
    }

    private static string Text(string[] args, string name, string fallback) => Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : fallback;
}
