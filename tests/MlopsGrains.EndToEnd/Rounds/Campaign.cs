using System.Diagnostics;
using MlopsGrains.EndToEnd.Writers;

namespace MlopsGrains.EndToEnd.Rounds;

/// <summary>
/// Rounds of all kinds of faults, chosen by a seed, several worlds side by side:
/// <c>dotnet run --project tests/MlopsGrains.EndToEnd -- --rounds 100 --seed 1 [--lanes 2] [--only "silo killed"]</c>. Its last lines are the numbers.
/// </summary>
internal static class Campaign
{
    /// <summary>Rounds for which a world lasts; what is compared after each grows with it.</summary>
    private const int RoundsPerWorld = 5;

    /// <summary>Of eight worlds, those in which a server is alone.</summary>
    private const double AloneShare = 1.0 / 8;

    public static async Task<int> RunAsync(int count, int seed, int lanes, string only)
    {
        var (began, table, next) = (Stopwatch.StartNew(), new Table(), -1);
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(async _ =>
        {
            for (var world = Interlocked.Increment(ref next); world * RoundsPerWorld < count; world = Interlocked.Increment(ref next))
            {
                await RunWorldAsync(seed, world * RoundsPerWorld, Math.Min(count, (world + 1) * RoundsPerWorld), only, table);
            }
        }));
        Console.WriteLine($"{count} rounds, seed {seed}, {began.Elapsed.TotalMinutes:F0} min");
        return table.Tell();
    }

    private static async Task RunWorldAsync(int seed, int from, int to, string only, Table table)
    {
        var dice = Dice(seed, -1 - from);
        var kinds = Fault.All.Where(f => f.Name.Contains(only, StringComparison.Ordinal)).ToList();
        var alone = kinds.TrueForAll(f => f.Alone is true) || (dice.NextDouble() < AloneShare && kinds.Exists(f => f.Alone is not false));
        kinds.RemoveAll(f => f.Alone is { } needed && needed != alone);
        World? world = null;
        WriterGroup? writers = null;
        for (var number = from; number < to; number++)
        {
            var random = Dice(seed, number);
            var round = new Round(number, kinds[random.Next(kinds.Count)], random);
            try
            {
                world ??= await World.StartAsync(alone);
                writers ??= await WriterGroup.StartAsync(world.Door, WriterGroup.Mixed());
                await round.RunAsync(world, writers);
                table.Add(round);
            }
            catch (Exception e)
            {
                table.Fail(round, e, world);
            }

            // What is wrong once is wrong in every later comparison.
            if (round.Wrong.Count > 0 || round.Gaps.Count == 0 || number == to - 1)
            {
                Table.Keep(round, world);
                writers?.Dispose();
                await (world?.DisposeAsync() ?? default);
                (world, writers) = (null, null);
            }
        }
    }

    private static Random Dice(int seed, int number) => new(unchecked((seed * 1_000_003) + number));
}
