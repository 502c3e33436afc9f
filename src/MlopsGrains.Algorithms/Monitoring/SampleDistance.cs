using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>
/// Distances between two samples, from their distribution functions. NaN is left out; null means undefined: one side is empty or has
/// an infinity.
/// </summary>
public static class SampleDistance
{
    /// <summary>The least standard deviation that <see cref="WassersteinOverReferenceStd"/> divides by.</summary>
    public const double LeastStd = 0.001;

    /// <summary>1-Wasserstein (earth mover's) distance, ∫|F - G|, in the unit of the values.</summary>
    public static double? Wasserstein(ReadOnlySpan<double> reference, ReadOnlySpan<double> current) =>
        Integral(reference, current, static gap => Math.Abs(gap));

    /// <summary>Wasserstein distance over the reference's population standard deviation (at least <see cref="LeastStd"/>); no unit.</summary>
    public static double? WassersteinOverReferenceStd(ReadOnlySpan<double> reference, ReadOnlySpan<double> current) =>
        Wasserstein(reference, current) / Math.Max(NumericSummary.Of(reference)?.StdPopulation ?? 0, LeastStd);

    /// <summary>Energy distance, √(2∫(F - G)²), in the root of the unit of the values (Székely and Rizzo 2013; scipy's form).</summary>
    public static double? Energy(ReadOnlySpan<double> reference, ReadOnlySpan<double> current) =>
        Integral(reference, current, static gap => gap * gap) is { } area ? Math.Sqrt(2 * area) : null;

    private static double? Integral(ReadOnlySpan<double> reference, ReadOnlySpan<double> current, Func<double, double> height)
    {
        if (HasInfinity(reference) || HasInfinity(current))
        {
            return null;
        }

        var (a, b) = (Quantiles.SortFinite(reference), Quantiles.SortFinite(current));
        if (a.Length == 0 || b.Length == 0)
        {
            return null;
        }

        var (i, j, area) = (0, 0, 0.0);
        var x = Math.Min(a[0], b[0]);
        while (i < a.Length || j < b.Length)
        {
            var next = Math.Min(i < a.Length ? a[i] : double.PositiveInfinity, j < b.Length ? b[j] : double.PositiveInfinity);
            area += (next - x) * height(((double)i / a.Length) - ((double)j / b.Length));
            x = next;
            while (i < a.Length && a[i] <= x)
            {
                i++;
            }

            while (j < b.Length && b[j] <= x)
            {
                j++;
            }
        }

        return area;
    }

    private static bool HasInfinity(ReadOnlySpan<double> values) =>
        values.ContainsAny(double.PositiveInfinity, double.NegativeInfinity);
}
