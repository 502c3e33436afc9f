namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>
/// The bins of a numeric column: interior cuts plus the range that the reference covered. Immutable.
/// k cuts give k + 1 bins; the bin of x is the number of cuts ≤ x. Values outside the range are counted apart.
/// </summary>
public sealed class NumericBins
{
    /// <summary>The most bins one column may have: a window of them must stay a small message.</summary>
    public const int MaxBins = 1_024;

    private readonly double[] cuts;

    /// <summary>Bins from stored parts.</summary>
    /// <param name="minimum">Smallest reference value, finite.</param>
    /// <param name="maximum">Largest reference value, finite, not below <paramref name="minimum"/>.</param>
    /// <param name="cuts">Strictly ascending, each in (minimum, maximum], at most <see cref="MaxBins"/> - 1.</param>
    public NumericBins(double minimum, double maximum, ReadOnlySpan<double> cuts)
    {
        if (!double.IsFinite(minimum) || !double.IsFinite(maximum) || minimum > maximum)
        {
            throw new ArgumentException($"The range must be finite and ascending; came {minimum}..{maximum}.", nameof(minimum));
        }

        if (cuts.Length >= MaxBins)
        {
            throw new ArgumentException($"{cuts.Length + 1} bins; at most {MaxBins}.", nameof(cuts));
        }

        for (var i = 0; i < cuts.Length; i++)
        {
            if (!(cuts[i] > (i == 0 ? minimum : cuts[i - 1]) && cuts[i] <= maximum))
            {
                throw new ArgumentException($"Cut {i} ({cuts[i]}) must be above the one before it and in ({minimum}, {maximum}].", nameof(cuts));
            }
        }

        Minimum = minimum;
        Maximum = maximum;
        this.cuts = cuts.ToArray();
    }

    /// <summary>Smallest reference value; anything lower is counted as below.</summary>
    public double Minimum { get; }

    /// <summary>Largest reference value; anything higher is counted as above.</summary>
    public double Maximum { get; }

    /// <summary>How many bins lie inside the range: 1 or more.</summary>
    public int Count => cuts.Length + 1;

    /// <summary>The interior cuts, strictly ascending.</summary>
    public ReadOnlySpan<double> Cuts => cuts;

    /// <summary>A copy of the cuts, for storing.</summary>
    public double[] ToArray() => [..cuts];

    /// <summary>The bin of a finite value, 0..Count-1; values outside the range fall into the first or last bin.</summary>
    public int IndexOf(double value) => CountNotAbove(cuts, value);

    /// <summary>Whether both count into the same bins.</summary>
    public bool SameAs(NumericBins other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceEquals(this, other)
            || (Minimum.Equals(other.Minimum) && Maximum.Equals(other.Maximum) && cuts.AsSpan().SequenceEqual(other.cuts));
    }

    /// <summary>Counts finite values into the bins that <paramref name="cuts"/> (ascending) make; NaN and infinities are left out.</summary>
    public static long[] CountInto(ReadOnlySpan<double> cuts, ReadOnlySpan<double> values)
    {
        var counts = new long[cuts.Length + 1];
        foreach (var value in values)
        {
            if (double.IsFinite(value))
            {
                counts[CountNotAbove(cuts, value)]++;
            }
        }

        return counts;
    }

    private static int CountNotAbove(ReadOnlySpan<double> cuts, double value)
    {
        var (low, high) = (0, cuts.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (cuts[middle] <= value)
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
}
