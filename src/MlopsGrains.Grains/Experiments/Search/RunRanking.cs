using System.Numerics;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// All rows of a table that match, in order: 4 bytes a row, good until the table changes. Sorted by one part of the order at a time, as whole numbers; only rows that are equal in it are
/// looked at again, so 12,500 rows take about a millisecond.
/// </summary>
internal sealed class RunRanking
{
    private const ulong Missing = ulong.MaxValue;
    private const ulong NotANumber = ulong.MaxValue - 1;

    private readonly RunTable table;
    private readonly RunOrder.Columns columns;
    private readonly int[] rows;

    private RunRanking(RunTable table, RunOrder order, int[] rows)
    {
        this.table = table;
        this.rows = rows;
        columns = order.Bind(table);
        Changes = table.Changes;
        Sort(rows, new ulong[rows.Length], 0);
    }

    public int Count => rows.Length;

    /// <summary>Of the table, when it was ranked.</summary>
    public long Changes { get; }

    public static RunRanking Of(RunTable table, RowMask filter, RunOrder order, LifecycleView view)
    {
        var rows = new List<int>();
        Span<ulong> all = stackalloc ulong[RowMask.WordsMax];
        foreach (var block in table.Shapes.SelectMany(shape => shape.Blocks))
        {
            var bits = RunScan.Matches(block, filter, view, all);
            for (var word = 0; word < bits.Length; word++)
            {
                for (var left = bits[word]; left != 0; left &= left - 1)
                {
                    rows.Add(RunTable.PlaceOf(block, (word << 6) + BitOperations.TrailingZeroCount(left)));
                }
            }
        }

        return new RunRanking(table, order, [.. rows]);
    }

    /// <summary>How many rows come up to a place, that of the place itself included.</summary>
    public int UpTo(RunPlace place)
    {
        var (low, high) = (0, rows.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var (block, row) = table.At(rows[middle]);
            if (columns.Compare(block, row, columns.First(block, row), place) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <param name="rank">From 0.</param>
    public RunPlace PlaceAt(int rank)
    {
        var (block, row) = table.At(rows[rank]);
        return columns.PlaceOf(block, row);
    }

    /// <summary>At most <paramref name="limit"/> rows from a rank on.</summary>
    public List<RunHit> Hits(int from, int limit)
    {
        var hits = new List<RunHit>(Math.Min(limit, Math.Max(0, rows.Length - from)));
        for (var rank = from; rank < rows.Length && hits.Count < limit; rank++)
        {
            var (block, row) = table.At(rows[rank]);
            hits.Add(new RunHit(columns.PlaceOf(block, row), block, row));
        }

        return hits;
    }

    /// <summary>Ids of the rows that pass a test, in order.</summary>
    public IEnumerable<string> Ids(Func<RunBlock, int, bool> test) =>
        rows.Select(table.At).Where(at => test(at.Block, at.Row)).Select(at => at.Block.Id(at.Row));

    private void Sort(Span<int> some, Span<ulong> keys, int part)
    {
        if (part == columns.Parts)
        {
            some.Sort((x, y) => string.CompareOrdinal(IdOf(x), IdOf(y)));
            return;
        }

        Fill(some, keys, part);
        keys.Sort(some);
        for (var from = 0; from < some.Length;)
        {
            var to = from + 1;
            while (to < some.Length && keys[to] == keys[from])
            {
                to++;
            }

            if (to - from > 1)
            {
                Sort(some[from..to], keys[from..to], part + 1);
            }

            from = to;
        }
    }

    private string IdOf(int place)
    {
        var (block, row) = table.At(place);
        return block.Id(row);
    }

    /// <summary>A number for each row that is in order as the part of its place is: numbers, then NaN, then what is missing.</summary>
    private void Fill(Span<int> some, Span<ulong> keys, int part)
    {
        var ascending = columns.Ascending(part);
        string?[]? texts = null;
        for (var i = 0; i < some.Length; i++)
        {
            var (block, row) = table.At(some[i]);
            var value = columns.Part(block, row, part);
            keys[i] = value.Rank switch
            {
                1 => NotANumber,
                2 => Missing,
                _ => Bits(value.Number, ascending),
            };
            if (value.Text is not null)
            {
                (texts ??= new string?[some.Length])[i] = value.Text;
            }
        }

        if (texts is null)
        {
            return;
        }

        var sorted = texts.OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        var ranks = new Dictionary<string, ulong>(sorted.Length, StringComparer.Ordinal);
        for (var at = 0; at < sorted.Length; at++)
        {
            ranks.Add(sorted[at], (ulong)(ascending ? at : sorted.Length - 1 - at));
        }

        for (var i = 0; i < some.Length; i++)
        {
            keys[i] = texts[i] is { } text ? ranks[text] : keys[i];
        }
    }

    /// <summary>A double's bits, so that they are ordered as the doubles are; both zeros are one.</summary>
    private static ulong Bits(double number, bool ascending)
    {
        var bits = BitConverter.DoubleToUInt64Bits(number == 0 ? 0 : number);
        var ordered = bits >> 63 == 0 ? bits | (1UL << 63) : ~bits;
        return ascending ? ordered : ~ordered;
    }
}

/// <summary>The rankings that a shard was asked for last: whoever scrolls through a table asks for the same one again and again.</summary>
internal sealed class RunRankings(TimeProvider time)
{
    private const int KeptMax = 4;

    private static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(1);

    private readonly List<(string Key, RunRanking Ranking, long Used)> kept = [];

    public static string KeyOf(string? filter, LifecycleView view, IReadOnlyList<string> orderBy) => $"{(int)view}\n{string.Join('\n', orderBy)}\n\n{filter}";

    /// <summary>The ranking of a query, if it was made and nothing has changed since.</summary>
    public RunRanking? Find(string key, RunTable table)
    {
        var at = kept.FindIndex(k => k.Key == key);
        if (at < 0 || kept[at].Ranking.Changes != table.Changes)
        {
            return null;
        }

        kept[at] = kept[at] with { Used = time.GetTimestamp() };
        return kept[at].Ranking;
    }

    public void Keep(string key, RunRanking ranking)
    {
        kept.RemoveAll(k => k.Key == key || k.Ranking.Changes != ranking.Changes);
        if (kept.Count == KeptMax)
        {
            kept.Remove(kept.MinBy(k => k.Used));
        }

        kept.Add((key, ranking, time.GetTimestamp()));
    }

    public void ForgetIdle() => kept.RemoveAll(k => time.GetElapsedTime(k.Used) > IdleMax);
}
