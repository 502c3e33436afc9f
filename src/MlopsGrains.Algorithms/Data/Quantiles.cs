namespace MlopsGrains.Algorithms.Data;

/// <summary>Quantiles by linear interpolation between order statistics (Hyndman and Fan's type 7, numpy's default).</summary>
public static class Quantiles
{
    /// <summary>The finite values of <paramref name="values"/> in ascending order; NaN and infinities are left out.</summary>
    public static double[] SortFinite(ReadOnlySpan<double> values)
    {
        var kept = new double[values.Length];
        var count = 0;
        foreach (var value in values)
        {
            if (double.IsFinite(value))
            {
                kept[count++] = value;
            }
        }

        Array.Resize(ref kept, count);
        Array.Sort(kept);
        return kept;
    }

    /// <summary>The quantile <paramref name="q"/> (0..1) of values already in ascending order, in their unit; null when there are none.</summary>
    public static double? OfSorted(ReadOnlySpan<double> sorted, double q)
    {
        if (q is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(q), q, "A quantile lies in 0..1.");
        }

        if (sorted.IsEmpty)
        {
            return null;
        }

        var position = q * (sorted.Length - 1);
        var below = (int)Math.Floor(position);
        var above = Math.Min(below + 1, sorted.Length - 1);
        return Lerp(sorted[below], sorted[above], position - below);
    }

    /// <summary>The quantile <paramref name="q"/> (0..1) of the finite values; null when there are none.</summary>
    public static double? Of(ReadOnlySpan<double> values, double q) => OfSorted(SortFinite(values), q);

    // numpy interpolates from the nearer end, so that the result never leaves [a, b].
    private static double Lerp(double a, double b, double t) =>
        t >= 0.5 ? b - ((b - a) * (1 - t)) : a + ((b - a) * t);
}
