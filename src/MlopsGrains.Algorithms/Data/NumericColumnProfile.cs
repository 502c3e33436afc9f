namespace MlopsGrains.Algorithms.Data;

/// <summary>
/// Profile of a numeric column, one value at a time, in bounded memory (about 12 KB at most). Merging parts gives the same counts,
/// extremes and distinct count as one pass; mean and variance up to rounding. Not thread-safe: one writer each, then merge.
/// </summary>
public sealed class NumericColumnProfile
{
    private double min = double.PositiveInfinity;
    private double max = double.NegativeInfinity;

    /// <summary>All rows.</summary>
    public long Rows => Moments.Count + Missing + NonFinite;

    /// <summary>Rows without a value.</summary>
    public long Missing { get; private set; }

    /// <summary>Rows with NaN or an infinity; they take no part in the statistics.</summary>
    public long NonFinite { get; private set; }

    /// <summary>Rows with zero.</summary>
    public long Zeros { get; private set; }

    /// <summary>Rows below zero.</summary>
    public long Negatives { get; private set; }

    /// <summary>Count, mean and variance of the finite values.</summary>
    public Moments Moments { get; private set; }

    /// <summary>Smallest finite value; null when there is none.</summary>
    public double? Min => Moments.Count > 0 ? min : null;

    /// <summary>Largest finite value; null when there is none.</summary>
    public double? Max => Moments.Count > 0 ? max : null;

    /// <summary>Mean of the finite values; null when there is none.</summary>
    public double? Mean => Moments.Count > 0 ? Moments.Mean : null;

    /// <summary>Sample standard deviation; null below two values.</summary>
    public double? Std => Moments.VarianceSample is { } variance ? Math.Sqrt(variance) : null;

    /// <summary>Distinct finite values.</summary>
    public DistinctCounter Distinct { get; private set; } = new();

    /// <summary>Adds one value; null is a missing one.</summary>
    public void Add(double? value)
    {
        if (value is not { } x)
        {
            Missing++;
            return;
        }

        if (!double.IsFinite(x))
        {
            NonFinite++;
            return;
        }

        Moments = Moments.Add(x);
        Zeros += x == 0 ? 1 : 0;
        Negatives += x < 0 ? 1 : 0;
        min = Math.Min(min, x);
        max = Math.Max(max, x);
        Distinct.Add(StableHash.Of(x));
    }

    /// <summary>A new profile of both parts.</summary>
    public NumericColumnProfile Merge(NumericColumnProfile other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new NumericColumnProfile
        {
            Missing = Missing + other.Missing,
            NonFinite = NonFinite + other.NonFinite,
            Zeros = Zeros + other.Zeros,
            Negatives = Negatives + other.Negatives,
            Moments = Moments.Merge(other.Moments),
            min = Math.Min(min, other.min),
            max = Math.Max(max, other.max),
            Distinct = Distinct.Merge(other.Distinct),
        };
    }
}
