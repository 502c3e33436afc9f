using System.Numerics;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>A row that a scan found.</summary>
internal sealed record RunHit(RunPlace Place, RunBlock Block, int Row);

/// <summary>Walks the blocks of a table and keeps the first rows of an order; the others are never sorted.</summary>
internal static class RunScan
{
    /// <returns>At most <paramref name="limit"/> hits in order, whether there are more, and how many match, those up to <paramref name="after"/> included.</returns>
    public static (List<RunHit> Hits, bool More, int Total) Find(RunTable table, RowMask filter, RunOrder order, LifecycleView view, RunPlace? after, int limit)
    {
        var columns = order.Bind(table);
        var worstFirst = new PriorityQueue<RunHit, RunPlace>(Comparer<RunPlace>.Create((x, y) => order.Compare(y, x)));
        var (more, total) = (false, 0);
        Span<ulong> all = stackalloc ulong[RowMask.WordsMax];
        foreach (var block in table.Shapes.SelectMany(shape => shape.Blocks))
        {
            var bits = RowMask.Words(block, all);
            filter.Fill(block, bits, negated: false);
            for (var word = 0; word < bits.Length; word++)
            {
                for (var left = bits[word]; left != 0; left &= left - 1)
                {
                    var row = (word << 6) + BitOperations.TrailingZeroCount(left);
                    if (row >= block.Count)
                    {
                        break;
                    }

                    if (!IsSeen(block.Stage(row), view))
                    {
                        continue;
                    }

                    total++;
                    var first = columns.First(block, row);
                    if (after is not null && columns.Compare(block, row, first, after) <= 0)
                    {
                        continue;
                    }

                    if (worstFirst.Count < limit)
                    {
                        var place = columns.PlaceOf(block, row);
                        worstFirst.Enqueue(new RunHit(place, block, row), place);
                        continue;
                    }

                    more = true;
                    if (worstFirst.TryPeek(out _, out var worst) && columns.Compare(block, row, first, worst) < 0)
                    {
                        var place = columns.PlaceOf(block, row);
                        worstFirst.EnqueueDequeue(new RunHit(place, block, row), place);
                    }
                }
            }
        }

        var hits = new RunHit[worstFirst.Count];
        for (var at = hits.Length - 1; at >= 0; at--)
        {
            hits[at] = worstFirst.Dequeue();
        }

        return ([.. hits], more, total);
    }

    /// <summary>Which rows of a block match, a bit a row; nothing behind the last row.</summary>
    public static Span<ulong> Matches(RunBlock block, RowMask filter, LifecycleView view, Span<ulong> all)
    {
        var bits = RowMask.Words(block, all);
        filter.Fill(block, bits, negated: false);
        for (var word = 0; word < bits.Length; word++)
        {
            for (var left = bits[word]; left != 0; left &= left - 1)
            {
                var row = (word << 6) + BitOperations.TrailingZeroCount(left);
                if (row >= block.Count || !IsSeen(block.Stage(row), view))
                {
                    bits[word] &= ~(1UL << row);
                }
            }
        }

        return bits;
    }

    private static bool IsSeen(LifecycleStage stage, LifecycleView view) => view switch
    {
        LifecycleView.All => true,
        LifecycleView.DeletedOnly => stage == LifecycleStage.Deleted,
        _ => stage == LifecycleStage.Active,
    };
}
