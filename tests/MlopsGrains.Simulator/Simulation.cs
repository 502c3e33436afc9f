using System.Collections.Concurrent;
using MlopsGrains.Simulator.World;

namespace MlopsGrains.Simulator;

/// <summary>Seeds, several at a time, each on a cluster of its own that goes on to the next.</summary>
internal static class Simulation
{
    /// <summary>A seed waits more than it works.</summary>
    private static readonly int LanesMax = 4 * Environment.ProcessorCount;

    /// <summary>Of a seed, on a machine that is busy. One that stands still, which Orleans' own real waits can do, is run once more on a new cluster.</summary>
    private static readonly TimeSpan RealTimeMax = TimeSpan.FromSeconds(60);

    /// <param name="first">The first seed.</param>
    /// <param name="count">How many.</param>
    /// <param name="ended">Told of each round.</param>
    /// <returns>What went wrong, in words, at most one text a seed.</returns>
    public static async Task<IReadOnlyCollection<Found>> Run(int first, int count, Action<Round>? ended = null)
    {
        var found = new ConcurrentQueue<Found>();
        var next = first - 1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(LanesMax, count)).Select(_ => Task.Run(async () =>
        {
            var cluster = await Cluster.Start();
            try
            {
                for (var seed = Interlocked.Increment(ref next); seed < first + count; seed = Interlocked.Increment(ref next))
                {
                    var round = new Round(cluster, seed);
                    for (var tries = 1; ; tries++, round = new Round(cluster, seed))
                    {
                        try
                        {
                            await round.Run().WaitAsync(RealTimeMax);
                            break;
                        }
                        catch (Exception e)
                        {
                            // What is left of it would be in the way of the next seed.
                            round.Wrong($"the simulation failed with {cluster.Underway}: {e}");
                            cluster = await Cluster.Start();
                            if (tries == 2)
                            {
                                break;
                            }
                        }
                    }

                    ended?.Invoke(round);
                    if (round.AllWrong.Count > 0)
                    {
                        found.Enqueue(new Found(seed, [.. round.AllWrong], [.. round.Notes]));
                    }
                }
            }
            finally
            {
                await cluster.DisposeAsync().AsTask().WaitAsync(RealTimeMax);
            }
        })));
        return found;
    }
}

/// <summary>A seed that shows a fault.</summary>
internal sealed record Found(int Seed, IReadOnlyList<string> Wrong, IReadOnlyList<string> Notes);
