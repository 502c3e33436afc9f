using System.Collections.Concurrent;

namespace MlopsGrains.EndToEnd.Rounds;

/// <summary>What came out of the rounds, by kind of fault.</summary>
internal sealed class Table
{
    private static readonly string[] Wrongs = ["lost", "doubled", "undone", "audit gaps", "told twice", "told out of order"];

    private readonly ConcurrentQueue<Round> rounds = new();
    private int failed;

    public void Add(Round round)
    {
        rounds.Enqueue(round);
        Say($"round {round.Number}, {round.Fault.Name}: gaps {string.Join(' ', round.Gaps.Select(Seconds))} ({round.Longest}); others {string.Join(' ', round.OtherGaps.Select(Seconds))}; {round.Refusals}");
        foreach (var wrong in round.Wrong)
        {
            Say($"round {round.Number}, {round.Fault.Name}: WRONG {wrong}");
        }
    }

    public void Fail(Round round, Exception exception, World? world)
    {
        Interlocked.Increment(ref failed);
        Say($"round {round.Number}, {round.Fault.Name}: FAILED {exception.GetType().Name} {exception.Message.Split('\n')[0]} {exception.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("EndToEnd", StringComparison.Ordinal))?.Trim()}");
        Keep(round, world, always: true);
    }

    /// <summary>What the servers of a round that went wrong said is kept in a file.</summary>
    public static void Keep(Round round, World? world, bool always = false)
    {
        if (world is null || (round.Wrong.Count == 0 && !always))
        {
            return;
        }

        var folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "mlopsgrains-rounds")).FullName;
        foreach (var (process, i) in world.Processes.Select((p, i) => (p, i)))
        {
            File.WriteAllText(Path.Combine(folder, $"{round.Number}-{i}-{process.SiloPort}.log"), process.Output);
        }
    }

    /// <returns>The exit code.</returns>
    public int Tell()
    {
        Say($"{"",-20} rounds  gap p50    p99    max   others p99    max   stop max   {string.Join("  ", Wrongs)}");
        foreach (var kind in rounds.GroupBy(r => r.Fault.Name).OrderBy(k => k.Key))
        {
            var (gaps, others) = (Sorted(kind, r => r.Gaps), Sorted(kind, r => r.OtherGaps));
            Say($"{kind.Key,-20} {kind.Count(),6} {At(gaps, 0.5),8} {At(gaps, 0.99),6} {At(gaps, 1),6} {At(others, 0.99),12} {At(others, 1),6} {Seconds(kind.Max(r => r.Took)),10}   {string.Join("  ", Wrongs.Select(w => Count(kind, w).ToString().PadLeft(w.Length)))}");
        }

        Say($"{"all",-20} {rounds.Count,6} {string.Join("  ", Wrongs.Select(w => $"{w} {Count(rounds, w)}"))}  failed {failed}");
        return failed + Wrongs.Sum(w => Count(rounds, w)) == 0 ? 0 : 1;
    }

    private static int Count(IEnumerable<Round> rounds, string wrong) => rounds.Sum(r => r.Wrong.Count(w => w.Contains($": {wrong}: ", StringComparison.Ordinal)));

    private static List<TimeSpan> Sorted(IEnumerable<Round> rounds, Func<Round, IReadOnlyList<TimeSpan>> gaps) => [.. rounds.SelectMany(gaps).Order()];

    private static string At(List<TimeSpan> sorted, double share) => sorted.Count == 0 ? "" : Seconds(sorted[(int)Math.Ceiling(share * sorted.Count) - 1]);

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:F1}";

    private static void Say(string line) => Console.WriteLine($"{DateTime.Now:HH:mm:ss} {line}");
}
