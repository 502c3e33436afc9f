using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.Benchmarks;

/// <summary>
/// What group commit gains: 256 writers, each appending 1 KiB to a stream of its own and waiting for the acknowledgement, once with everything
/// that waits in one transaction and once with a transaction and an fsync per append. Same process, same settings, nothing else differs.
/// </summary>
internal static class JournalBenchmark
{
    private const int Writers = 256;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(4);

    public static async Task<int> RunAsync(string[] args)
    {
        var entryBytes = int.Parse(Option(args, "--bytes") ?? "1024", CultureInfo.InvariantCulture);
        var engines = (Option(args, "--engine") ?? "sqlite,postgres").Split(',');
        var reference = TimeSpan.FromMilliseconds(double.Parse(Option(args, "--flush-ms") ?? "0.3", CultureInfo.InvariantCulture));
        using var directory = new TempDirectory();
        var flush = Flush.Measure(directory.File("flush"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Writers} writers, {entryBytes} bytes an append, {Measured.TotalSeconds:0} s each, {Environment.ProcessorCount} cores; fdatasync here takes {flush.TotalMilliseconds:0.00} ms"));
        Console.WriteLine($"{"",-46}{"appends/s",12}{"p50 ms",10}{"p99 ms",10}{"ratio",8}");
        TimeSpan[] waits = flush < reference ? [TimeSpan.Zero, reference - flush] : [TimeSpan.Zero];
        foreach (var wait in waits)
        {
            if (wait > TimeSpan.Zero)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"simulated: every commit of both sides waits {wait.TotalMilliseconds:0.00} ms longer, as on a disk that flushes in {reference.TotalMilliseconds:0.00} ms"));
            }

            if (engines.Contains("sqlite"))
            {
                var single = await SqliteAsync(directory.File($"single{wait.Ticks}.db"), batchLengthMax: 1, entryBytes, wait);
                Report("SQLite, one commit per append", single, single);
                Report("SQLite, group commit", await SqliteAsync(directory.File($"group{wait.Ticks}.db"), batchLengthMax: 4096, entryBytes, wait), single);
            }

            if (engines.Contains("postgres"))
            {
                await using var server = await PostgresUnderLoad.StartAsync();
                var single = await PostgresAsync(server, lanes: 1, batchLengthMax: 1, entryBytes, wait);
                Report("PostgreSQL, one commit per append, 1 lane", single, single);
                foreach (var lanes in (int[])[4, 64])
                {
                    Report($"PostgreSQL, one commit per append, {lanes} lanes", await PostgresAsync(server, lanes, batchLengthMax: 1, entryBytes, wait), single);
                }

                foreach (var lanes in (int[])[1, 2, 4])
                {
                    Report($"PostgreSQL, group commit, {lanes} lanes", await PostgresAsync(server, lanes, batchLengthMax: 1024, entryBytes, wait), single);
                }
            }
        }

        return 0;
    }

    private static async Task<Result> SqliteAsync(string path, int batchLengthMax, int entryBytes, TimeSpan wait)
    {
        await using var store = await SqliteStore.OpenAsync(new()
        {
            Path = path,
            BatchLengthMax = batchLengthMax,
            Committed = wait > TimeSpan.Zero ? () => Flush.Wait(wait) : null,
        });
        return await MeasureAsync(store, entryBytes);
    }

    private static async Task<Result> PostgresAsync(PostgresServer server, int lanes, int batchLengthMax, int entryBytes, TimeSpan wait)
    {
        // commit_delay makes whoever flushes the log wait, with the log's lock held, exactly where a slow disk would.
        var database = $"{await server.CreateDatabaseAsync()};Options=-c commit_siblings=0 -c commit_delay={(int)wait.TotalMicroseconds}";
        await using var source = NpgsqlDataSource.Create(database);
        await using var journal = await PostgresJournal.OpenAsync(new() { ConnectionString = database, Lanes = lanes, BatchLengthMax = batchLengthMax }, source);
        return await MeasureAsync(journal, entryBytes);
    }

    private static async Task<Result> MeasureAsync(IJournal journal, int entryBytes)
    {
        var latencies = new ConcurrentBag<List<double>>();
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var payload = new byte[entryBytes];
            new Random(writer).NextBytes(payload);
            var own = new List<double>();
            for (var version = 0L; ; version++)
            {
                var sent = Stopwatch.GetTimestamp();
                var age = Stopwatch.GetElapsedTime(started, sent);
                if (age > WarmUp + Measured)
                {
                    break;
                }

                if (!await journal.AppendAsync($"stream/{writer}", version, [payload]))
                {
                    throw new InvalidOperationException($"writer {writer} was fenced although it is alone");
                }

                if (age > WarmUp)
                {
                    own.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                }
            }

            latencies.Add(own);
        })));
        double[] all = [.. latencies.SelectMany(own => own).Order()];
        return new Result(all.Length / Measured.TotalSeconds, all[all.Length / 2], all[(int)(all.Length * 0.99)]);
    }

    private static string? Option(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : null;

    private static void Report(string name, Result result, Result baseline) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{name,-46}{result.PerSecond,12:0}{result.P50,10:0.0}{result.P99,10:0.0}{result.PerSecond / baseline.PerSecond,8:0.0}"));

    private sealed record Result(double PerSecond, double P50, double P99);
}
