using System.Globalization;
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
        await using var postgres = await PostgresUnderLoad.StartAsync();
        var results = new Dictionary<string, List<double>> { ["noop"] = [], ["sqlite"] = [], ["postgres"] = [] };
        Console.WriteLine($"log-batch of {Points} points, {connections} connections, {rounds} rounds of {seconds} s each");
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (engine, list) in results)
            {
                using var directory = new TempDirectory();
                string[] storage = engine == "postgres" ? ["--connection", await postgres.CreateDatabaseAsync()] : [];
                await using var server = await ServerUnderLoad.StartAsync(["--storage", engine, "--data", directory.Path, .. storage]);
                list.Add(await MeasureAsync(engine, server, connections, TimeSpan.FromSeconds(seconds)));
            }
        }

        var baseline = Median(results["noop"]);
        foreach (var (engine, list) in results)
        {
            Console.WriteLine($"{engine,-9} median {Median(list),10:N0} points/s   {Median(list) / baseline:P0} of no-op");
        }

        return 0;
    }

    private static double Median(List<double> rounds) => rounds.Order().ElementAt(rounds.Count / 2);

    private static async Task<double> MeasureAsync(string engine, ServerUnderLoad server, int count, TimeSpan duration)
    {
        var connections = await LoadConnection.OpenAsync(server.Port, count);
        try
        {
            var requests = (await Tracking.CreateRunsAsync(connections, "0", count)).Select(run => new LogBatchRequest(run, Points)).ToArray();
            await Load.RunAsync(connections, TimeSpan.FromSeconds(3), Send);
            var processor = server.Processor;
            var load = await Load.RunAsync(connections, duration, Send);
            var cores = (server.Processor - processor) / load.Elapsed;
            Console.WriteLine($"  {engine,-9} {load.PerSecond * Points,10:N0} points/s   p50 {load.P50:0.0} ms   p99 {load.P99:0.0} ms   cpu {cores:0.00} cores   rss {server.ResidentMebibytes:0} MiB   errors {load.Errors}");
            return load.PerSecond * Points;

            Task<int> Send(LoadConnection connection, int number) => connection.SendAsync(requests[number].Next());
        }
        finally
        {
            foreach (var connection in connections)
            {
                connection.Dispose();
            }
        }
    }

    private static int Number(string[] args, string name, int fallback) =>
        Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? int.Parse(args[i + 1], CultureInfo.InvariantCulture) : fallback;
}
