namespace MlopsGrains.Algorithms.Data;

/// <summary>
/// Distances between two columns of integer counts over the same bins. Null means undefined: no bins, or one side has no rows.
/// </summary>
public static class BinnedDistance
{
    /// <summary>The share that stands in for an emptier bin in PSI and KL, so that their logarithms exist.</summary>
    public const double Floor = 1e-4;

    /// <summary>
    /// Population stability index, sum (q-p)·ln(q/p) over shares p (reference) and q (current), each raised to <see cref="Floor"/>,
    /// not renormalised. 0 or more, in nats (Siddiqi 2006).
    /// </summary>
    public static double? Psi(ReadOnlySpan<long> reference, ReadOnlySpan<long> current) =>
        Sum(reference, current, static (p, q) =>
        {
            var (a, b) = (Math.Max(p, Floor), Math.Max(q, Floor));
            return (b - a) * Math.Log(b / a);
        });

    /// <summary>Kullback-Leibler divergence of the current from the reference, sum p·ln(p/q), floored as <see cref="Psi"/>; in nats.</summary>
    public static double? KullbackLeibler(ReadOnlySpan<long> reference, ReadOnlySpan<long> current) =>
        Sum(reference, current, static (p, q) =>
        {
            var (a, b) = (Math.Max(p, Floor), Math.Max(q, Floor));
            return a * Math.Log(a / b);
        });

    /// <summary>Jensen-Shannon divergence in bits on the raw shares, 0..1 (Lin 1991).</summary>
    public static double? JensenShannonDivergence(ReadOnlySpan<long> reference, ReadOnlySpan<long> current) =>
        JensenShannonNats(reference, current) / Math.Log(2);

    /// <summary>Jensen-Shannon distance, base 2: the root of the divergence in bits, 0..1 (Endres and Schindelin 2003).</summary>
    public static double? JensenShannonDistance(ReadOnlySpan<long> reference, ReadOnlySpan<long> current) =>
        Root(JensenShannonDivergence(reference, current));

    /// <summary>Jensen-Shannon distance with natural logarithms, 0..sqrt(ln 2) = 0.8326; scipy's and Evidently's form.</summary>
    public static double? JensenShannonDistanceNatural(ReadOnlySpan<long> reference, ReadOnlySpan<long> current) =>
        Root(JensenShannonNats(reference, current));

    /// <summary>Hellinger distance, sqrt(sum (√p - √q)²) / √2 on the raw shares, 0..1.</summary>
    public static double? Hellinger(ReadOnlySpan<long> reference, ReadOnlySpan<long> current) =>
        Root(Sum(reference, current, static (p, q) => (Math.Sqrt(p) - Math.Sqrt(q)) * (Math.Sqrt(p) - Math.Sqrt(q))) / 2);

    /// <summary>Total variation distance, half the sum of |p - q|, 0..1.</summary>
    public static double? TotalVariation(ReadOnlySpan<long> reference, ReadOnlySpan<long> current) =>
        Sum(reference, current, static (p, q) => Math.Abs(p - q)) / 2;

    /// <summary>The largest |p - q| of a bin, 0..1.</summary>
    public static double? LInfinity(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        if (!Totals(reference, current, out var n, out var m))
        {
            return null;
        }

        var largest = 0.0;
        for (var i = 0; i < reference.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs((reference[i] / n) - (current[i] / m)));
        }

        return largest;
    }

    /// <summary>All rows of a column of counts.</summary>
    internal static long Sum(ReadOnlySpan<long> counts)
    {
        var sum = 0L;
        foreach (var count in counts)
        {
            sum = checked(sum + count);
        }

        return sum;
    }

    internal static bool Totals(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, out double n, out double m)
    {
        if (reference.Length != current.Length)
        {
            throw new ArgumentException($"The reference has {reference.Length} bins, the current side {current.Length}.", nameof(current));
        }

        n = Sum(reference);
        m = Sum(current);
        return n > 0 && m > 0;
    }

    private static double? JensenShannonNats(ReadOnlySpan<long> reference, ReadOnlySpan<long> current) =>
        Sum(reference, current, static (p, q) =>
        {
            var middle = (p + q) / 2;
            return ((p > 0 ? p * Math.Log(p / middle) : 0) + (q > 0 ? q * Math.Log(q / middle) : 0)) / 2;
        });

    private static double? Sum(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, Func<double, double, double> term)
    {
        if (!Totals(reference, current, out var n, out var m))
        {
            return null;
        }

        var sum = 0.0;
        for (var i = 0; i < reference.Length; i++)
        {
            sum += term(reference[i] / n, current[i] / m);
        }

        return sum;
    }

    // Rounding can leave -1e-17 where the shares are equal.
    private static double? Root(double? square) => square is { } value ? Math.Sqrt(Math.Max(value, 0)) : null;
}
