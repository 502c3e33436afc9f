namespace MlopsGrains.Algorithms.Data;

/// <summary>Summary of one set of finite values, by two passes over the values. NaN is left out first.</summary>
/// <param name="Count">How many values.</param>
/// <param name="Mean">Arithmetic mean.</param>
/// <param name="StdPopulation">Standard deviation, dividing by n.</param>
/// <param name="StdSample">Standard deviation, dividing by n - 1; null for a single value.</param>
/// <param name="Min">Smallest value.</param>
/// <param name="Max">Largest value.</param>
/// <param name="SkewnessPopulation">Third standardised moment; null when all values are equal.</param>
/// <param name="KurtosisExcessPopulation">Fourth standardised moment less 3; null when all values are equal.</param>
public sealed record NumericSummary(
    long Count,
    double Mean,
    double StdPopulation,
    double? StdSample,
    double Min,
    double Max,
    double? SkewnessPopulation,
    double? KurtosisExcessPopulation)
{
    private double[] Sorted { get; init; } = [];

    /// <summary>The quantile <paramref name="q"/> (0..1), linear interpolation (type 7).</summary>
    public double Quantile(double q) => Quantiles.OfSorted(Sorted, q)!.Value;

    /// <summary>Null when no value is left after dropping NaN, or when one is infinite: then moments are undefined.</summary>
    public static NumericSummary? Of(ReadOnlySpan<double> values)
    {
        foreach (var value in values)
        {
            if (double.IsInfinity(value))
            {
                return null;
            }
        }

        var sorted = Quantiles.SortFinite(values);
        return sorted.Length == 0 ? null : OfSorted(sorted);
    }

    private static NumericSummary OfSorted(double[] sorted)
    {
        var n = sorted.Length;
        var (min, max) = (sorted[0], sorted[^1]);

        // The first pass is corrected by the mean of the residuals, so that a large offset costs no digits.
        var guess = min + (sorted.Sum(x => x - min) / n);
        var mean = min.Equals(max) ? min : guess + (sorted.Sum(x => x - guess) / n);
        double m2 = 0, m3 = 0, m4 = 0;
        foreach (var x in sorted)
        {
            var d = x - mean;
            m2 += d * d;
            m3 += d * d * d;
            m4 += d * d * d * d;
        }

        var varied = m2 > 0;
        return new NumericSummary(
            n,
            mean,
            Math.Sqrt(m2 / n),
            n > 1 ? Math.Sqrt(m2 / (n - 1)) : null,
            min,
            max,
            varied ? m3 / n / Math.Pow(m2 / n, 1.5) : null,
            varied ? (m4 / n / (m2 / n * (m2 / n))) - 3 : null)
        { Sorted = sorted };
    }
}
