using System.Diagnostics;

namespace MlopsGrains.Benchmarks;

/// <summary>What a closed loop of connections measured.</summary>
internal sealed record Load(int Sent, int Errors, TimeSpan Elapsed, List<double> LatenciesMs)
{
    public double PerSecond => (Sent - Errors) / Elapsed.TotalSeconds;

    public double P50 => At(0.50);

    public double P99 => At(0.99);

    /// <summary>Each connection calls <paramref name="send"/> (connection, its number) again and again until <paramref name="duration"/> is over or <paramref name="most"/> calls are made.</summary>
    public static async Task<Load> RunAsync(
        IReadOnlyList<LoadConnection> connections, TimeSpan duration, Func<LoadConnection, int, Task<int>> send, int most = int.MaxValue)
    {
        var left = most;
        var began = Stopwatch.GetTimestamp();
        var all = await Task.WhenAll(connections.Select((connection, number) => Task.Run(async () =>
        {
            var latencies = new List<double>();
            var errors = 0;
            while (Stopwatch.GetElapsedTime(began) < duration && Interlocked.Decrement(ref left) >= 0)
            {
                var sent = Stopwatch.GetTimestamp();
                errors += await send(connection, number) == 200 ? 0 : 1;
                latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }

            return (latencies, errors);
        })));
        var elapsed = Stopwatch.GetElapsedTime(began);
        var sorted = all.SelectMany(a => a.latencies).Order().ToList();
        return new Load(sorted.Count, all.Sum(a => a.errors), elapsed, sorted);
    }

    private double At(double quantile) => LatenciesMs.Count == 0 ? double.NaN : LatenciesMs[(int)((LatenciesMs.Count - 1) * quantile)];
}
