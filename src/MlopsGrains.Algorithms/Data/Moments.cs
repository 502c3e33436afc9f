namespace MlopsGrains.Algorithms.Data;

/// <summary>
/// Count, mean and sum of squared deviations of a stream. One value at a time by Welford (1962), two parts by
/// Chan, Golub and LeVeque (1979). Immutable: adding makes the next value.
/// </summary>
/// <param name="Count">How many values, 0 or more.</param>
/// <param name="Mean">Their mean in the unit of the values; 0 when there are none.</param>
/// <param name="SquaredDeviations">Sum of (x - mean)², in the squared unit of the values.</param>
public readonly record struct Moments(long Count, double Mean, double SquaredDeviations)
{
    /// <summary>Population variance (divides by n); null when there are no values.</summary>
    public double? VariancePopulation => Count > 0 ? SquaredDeviations / Count : null;

    /// <summary>Sample variance (divides by n - 1); null below two values.</summary>
    public double? VarianceSample => Count > 1 ? SquaredDeviations / (Count - 1) : null;

    /// <summary>The moments with one more finite value.</summary>
    public Moments Add(double value)
    {
        var count = Count + 1;
        var delta = value - Mean;
        var mean = Mean + (delta / count);
        return new Moments(count, mean, SquaredDeviations + (delta * (value - mean)));
    }

    /// <summary>The moments of both parts together; equal to one pass up to rounding, and the counts exactly.</summary>
    public Moments Merge(Moments other)
    {
        if (other.Count == 0)
        {
            return this;
        }

        if (Count == 0)
        {
            return other;
        }

        var count = Count + other.Count;
        var delta = other.Mean - Mean;
        var mean = Mean + (delta * other.Count / count);
        var squares = SquaredDeviations + other.SquaredDeviations + (delta * delta * ((double)Count * other.Count / count));
        return new Moments(count, mean, squares);
    }
}
