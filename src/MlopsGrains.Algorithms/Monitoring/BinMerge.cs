namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>
/// Which bins are joined into which group. Decided on integer counts of the reference alone, so that every silo decides the same;
/// then applied to reference and window alike.
/// </summary>
public sealed class BinMerge
{
    private readonly int[] groups;

    private BinMerge(int[] groups, int count) => (this.groups, Count) = (groups, count);

    /// <summary>How many groups are left.</summary>
    public int Count { get; }

    /// <summary>The group of each bin, 0..Count-1.</summary>
    public ReadOnlySpan<int> Groups => groups;

    /// <summary>
    /// Joins ordered bins: as long as there are more than <paramref name="maxBins"/>, or one holds fewer than
    /// <paramref name="minPerBin"/>, the smallest bin (the leftmost of equals) joins its smaller neighbour (the left of equals).
    /// </summary>
    public static BinMerge Neighbours(ReadOnlySpan<long> counts, int maxBins, long minPerBin)
    {
        Guard(counts, maxBins);
        var ends = Enumerable.Range(0, counts.Length).ToList();
        var sums = counts.ToArray().ToList();
        while (sums.Count > 1)
        {
            var smallest = IndexOfSmallest(sums);
            if (sums.Count <= maxBins && sums[smallest] >= minPerBin)
            {
                break;
            }

            var left = smallest == 0 || (smallest < sums.Count - 1 && sums[smallest + 1] < sums[smallest - 1]) ? smallest : smallest - 1;
            sums[left] += sums[left + 1];
            ends[left] = ends[left + 1];
            sums.RemoveAt(left + 1);
            ends.RemoveAt(left + 1);
        }

        var groups = new int[counts.Length];
        for (int bin = 0, group = 0; bin < groups.Length; bin++)
        {
            groups[bin] = group;
            group += bin == ends[group] ? 1 : 0;
        }

        return new BinMerge(groups, sums.Count);
    }

    /// <summary>Joins unordered bins: under the same condition the two smallest (the first of equals) become one.</summary>
    public static BinMerge Rarest(ReadOnlySpan<long> counts, int maxBins, long minPerBin)
    {
        Guard(counts, maxBins);
        var groups = Enumerable.Range(0, counts.Length).ToArray();
        var sums = counts.ToArray().ToList();
        while (sums.Count > 1)
        {
            var smallest = IndexOfSmallest(sums);
            if (sums.Count <= maxBins && sums[smallest] >= minPerBin)
            {
                break;
            }

            var next = IndexOfSmallest(sums, except: smallest);
            var (kept, gone) = (Math.Min(smallest, next), Math.Max(smallest, next));
            sums[kept] += sums[gone];
            sums.RemoveAt(gone);
            for (var i = 0; i < groups.Length; i++)
            {
                groups[i] = groups[i] == gone ? kept : groups[i] > gone ? groups[i] - 1 : groups[i];
            }
        }

        return new BinMerge(groups, sums.Count);
    }

    /// <summary>The counts after joining; the sum stays the same.</summary>
    public long[] Apply(ReadOnlySpan<long> counts)
    {
        if (counts.Length != groups.Length)
        {
            throw new ArgumentException($"The plan is for {groups.Length} bins; came {counts.Length}.", nameof(counts));
        }

        var merged = new long[Count];
        for (var i = 0; i < counts.Length; i++)
        {
            merged[groups[i]] += counts[i];
        }

        return merged;
    }

    private static int IndexOfSmallest(List<long> sums, int except = -1)
    {
        var found = -1;
        for (var i = 0; i < sums.Count; i++)
        {
            if (i != except && (found < 0 || sums[i] < sums[found]))
            {
                found = i;
            }
        }

        return found;
    }

    private static void Guard(ReadOnlySpan<long> counts, int maxBins)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBins);
        if (counts.IsEmpty)
        {
            throw new ArgumentException("There are no bins to join.", nameof(counts));
        }
    }
}
