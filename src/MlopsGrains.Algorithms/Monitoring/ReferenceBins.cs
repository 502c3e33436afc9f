using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>Chooses bins from reference values: quantiles, so that no bin is nearly empty in the reference.</summary>
public static class ReferenceBins
{
    /// <summary>Bins per numeric column when nothing else is asked for.</summary>
    public const int DefaultCount = 20;

    /// <summary>
    /// Bins with (nearly) equal reference counts. A column with at most <paramref name="count"/> distinct values gets one bin
    /// for each. A value that takes several quantiles (zero in a zero-inflated column) gets a bin of its own, so that the rest
    /// stays visible beside it. NaN and infinities are left out. Null when no finite value is left.
    /// </summary>
    /// <param name="values">Reference values, any order.</param>
    /// <param name="count">Bins wanted, 2..512; fewer come out when values repeat.</param>
    public static NumericBins? Compute(ReadOnlySpan<double> values, int count = DefaultCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, NumericBins.MaxBins / 2);
        var sorted = Quantiles.SortFinite(values);
        if (sorted.Length == 0)
        {
            return null;
        }

        var distinct = Distinct(sorted, count + 1);
        var cuts = distinct.Length <= count ? distinct[1..] : QuantileCuts(sorted, count);
        return new NumericBins(sorted[0], sorted[^1], cuts);
    }

    /// <summary>The distinct interior quantiles 1/count .. (count-1)/count, linear interpolation, ascending; empty when there are no values.</summary>
    public static double[] QuantilesOf(ReadOnlySpan<double> sorted, int count)
    {
        if (sorted.IsEmpty)
        {
            return [];
        }

        var cuts = new List<double>(count);
        for (var i = 1; i < count; i++)
        {
            var cut = Quantiles.OfSorted(sorted, (double)i / count)!.Value;
            if (cuts.Count == 0 || cut > cuts[^1])
            {
                cuts.Add(cut);
            }
        }

        return [.. cuts];
    }

    /// <summary>Interior cuts of <paramref name="count"/> bins of equal width between the least and the greatest value; empty when these are equal.</summary>
    public static double[] EqualWidthOf(ReadOnlySpan<double> sorted, int count)
    {
        if (sorted.IsEmpty || sorted[0].Equals(sorted[^1]))
        {
            return [];
        }

        var cuts = new double[count - 1];
        for (var i = 1; i < count; i++)
        {
            cuts[i - 1] = sorted[0] + ((sorted[^1] - sorted[0]) * i / count);
        }

        return cuts;
    }

    private static double[] QuantileCuts(double[] sorted, int count)
    {
        var cuts = new SortedSet<double>();
        double? last = sorted[0];
        for (var i = 1; i < count; i++)
        {
            var cut = Quantiles.OfSorted(sorted, (double)i / count)!.Value;
            cuts.Add(cut);
            if (cut.Equals(last) && NextAbove(sorted, cut) is { } next)
            {
                cuts.Add(next);
            }

            last = cut;
        }

        cuts.RemoveWhere(cut => cut <= sorted[0]);
        return [.. cuts];
    }

    private static double? NextAbove(double[] sorted, double value)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (sorted[middle] <= value)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < sorted.Length ? sorted[low] : null;
    }

    private static double[] Distinct(double[] sorted, int atMost)
    {
        var distinct = new List<double>(atMost) { sorted[0] };
        foreach (var value in sorted)
        {
            if (value > distinct[^1])
            {
                if (distinct.Count == atMost)
                {
                    break;
                }

                distinct.Add(value);
            }
        }

        return [.. distinct];
    }
}
