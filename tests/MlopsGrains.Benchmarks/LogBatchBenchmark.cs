using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using MlopsGrains.Testing;

namespace MlopsGrains.Benchmarks;

/// <summary>
/// <c>log-batch</c> of 100 points, MLflow JSON over HTTP, durable acknowledgement, against the same server with a journal that forgets. Rounds alternate between the
/// engines so that the machine's moods hit all of them; the ratio is between medians of the rounds.
/// </summary>
internal static class LogBatchBenchmark
{
    private const int Points = 100;

    public static async Task<int> RunAsync(string[] args)
    {
        var connections = Number(args, "--connections", 256);
        var seconds = Number(args, "--seconds", 8);
        var rounds = Number(args, "--rounds", 3);
        await using var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        var results = new Dictionary<string, List<Round>> { ["noop"] = [], ["sqlite"] = [], ["postgres"] = [] };
        Console.WriteLine($"log-batch of {Points} points, {connections} connections, {rounds} rounds of {seconds} s each");
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (engine, list) in results)
            {
                using var directory = new TempDirectory();
                string[] storage = engine == "postgres" ? ["--connection", await postgres.CreateDatabaseAsync()] : [];
                await using var server = await ServerUnderLoad.StartAsync(["--storage", engine, "--data", directory.Path, .. storage]);
                var result = await MeasureAsync(server, connections, TimeSpan.FromSeconds(seconds));
                list.Add(result);
                Console.WriteLine($"  {engine,-9} {result.PointsPerSecond,10:N0} points/s   p50 {result.P50:0.0} ms   p99 {result.P99:0.0} ms   cpu {result.Cores:0.00} cores   rss {result.Mebibytes:0} MiB   errors {result.Errors}");
            }
        }

        var baseline = Median(results["noop"]);
        foreach (var (engine, list) in results)
        {
            Console.WriteLine($"{engine,-9} median {Median(list),10:N0} points/s   {Median(list) / baseline:P0} of no-op");
        }

        return 0;
    }

    private static double Median(List<Round> rounds) => rounds.Select(r => r.PointsPerSecond).Order().ElementAt(rounds.Count / 2);

    private static async Task<Round> MeasureAsync(ServerUnderLoad server, int connections, TimeSpan duration)
    {
        var senders = new List<LogBatchConnection>();
        try
        {
            foreach (var run in await CreateRunsAsync(server.Port, connections))
            {
                var sender = new LogBatchConnection(run, Points);
                senders.Add(sender);
                await sender.ConnectAsync(server.Port);
            }

            await SendAsync(senders, TimeSpan.FromSeconds(3));
            var processor = server.Processor;
            var began = Stopwatch.GetTimestamp();
            var (latencies, errors) = await SendAsync(senders, duration);
            var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
            latencies.Sort();
            return new Round(
                (latencies.Count - errors) * Points / elapsed, latencies[latencies.Count / 2], latencies[(int)(latencies.Count * 0.99)],
                (server.Processor - processor).TotalSeconds / elapsed, server.ResidentMebibytes, errors);
        }
        finally
        {
            senders.ForEach(s => s.Dispose());
        }
    }

    private static async Task<(List<double> LatenciesMs, int Errors)> SendAsync(List<LogBatchConnection> senders, TimeSpan duration)
    {
        var began = Stopwatch.GetTimestamp();
        var all = await Task.WhenAll(senders.Select(async sender =>
        {
            var latencies = new List<double>();
            var errors = 0;
            while (Stopwatch.GetElapsedTime(began) < duration)
            {
                var sent = Stopwatch.GetTimestamp();
                errors += await sender.SendAsync() == 200 ? 0 : 1;
                latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }

            return (latencies, errors);
        }));
        return (all.SelectMany(a => a.latencies).ToList(), all.Sum(a => a.errors));
    }

    private static async Task<IReadOnlyList<string>> CreateRunsAsync(int port, int count)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var runs = new List<string>();
        for (var i = 0; i < count; i++)
        {
            using var response = await http.PostAsJsonAsync("/api/2.0/mlflow/runs/create", new { experiment_id = "0", start_time = 1 });
            response.EnsureSuccessStatusCode();
            var body = await response.Content.ReadFromJsonAsync<JsonElement>();
            runs.Add(body.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!);
        }

        return runs;
    }

    private static int Number(string[] args, string name, int fallback) =>
        Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? int.Parse(args[i + 1], CultureInfo.InvariantCulture) : fallback;

    private sealed record Round(double PointsPerSecond, double P50, double P99, double Cores, double Mebibytes, int Errors);
}
