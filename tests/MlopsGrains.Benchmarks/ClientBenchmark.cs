using System.Diagnostics;
using System.Globalization;
using MlopsGrains.Client;
using MlopsGrains.Testing;

namespace MlopsGrains.Benchmarks;

/// <summary>One run, one producer, one thread, through the client library with its defaults: how many points a second end up durable, and in how much memory.</summary>
internal static class ClientBenchmark
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(string[] args)
    {
        var duration = TimeSpan.FromSeconds(int.Parse(Text(args, "--seconds", "60"), CultureInfo.InvariantCulture));
        foreach (var engine in Text(args, "--engine", "sqlite,postgres").Split(','))
        {
            await using var postgres = engine == "postgres" ? await PostgresUnderLoad.StartAsync() : null;
            using var directory = new TempDirectory();
            string[] storage = postgres is null ? [] : ["--connection", await postgres.CreateDatabaseAsync()];
            await using var server = await ServerUnderLoad.StartAsync(["--storage", engine, "--data", directory.Path, .. storage]);
            await MeasureAsync(engine, server, duration);
        }

        return 0;
    }

    private static async Task MeasureAsync(string engine, ServerUnderLoad server, TimeSpan duration)
    {
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}") });
        var run = await client.StartRunAsync("client benchmark");
        var began = Stopwatch.GetTimestamp();
        var (points, said, nextSaid) = (0L, 0L, Tick);
        while (Stopwatch.GetElapsedTime(began) is var elapsed && elapsed < duration)
        {
            if (elapsed >= nextSaid)
            {
                Say(engine, $"{elapsed.TotalSeconds,4:0} s", points - said, Tick, server);
                (said, nextSaid) = (points, nextSaid + Tick);
            }

            for (var i = 0; i < 500; i++, points += 2)
            {
                // Two curves, as a trainer logs them: values born as float32, one step at a time.
                run.LogMetric("train/loss", (float)(1 / Math.Sqrt(points + 1)), points);
                run.LogMetric("train/accuracy", (float)(1 - (1 / Math.Sqrt(points + 1))), points);
            }
        }

        await run.FlushAsync();
        Say(engine, "total", points, Stopwatch.GetElapsedTime(began), server);
        await run.EndAsync();
        if (run.Refused > 0 || run.Dropped > 0)
        {
            throw new InvalidOperationException($"{run.Refused} points were refused, {run.Dropped} were dropped.");
        }
    }

    private static void Say(string engine, string when, long points, TimeSpan elapsed, ServerUnderLoad server) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{engine,-9} {when,-6} {points / elapsed.TotalSeconds,9:N0} points/s   client {Environment.WorkingSet / 1048576.0,4:0} MiB, of it {GC.GetTotalMemory(false) / 1048576.0,3:0} MiB managed   server {server.ResidentMebibytes,5:0} MiB"));

    private static string Text(string[] args, string name, string fallback) =>
        Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : fallback;
}
