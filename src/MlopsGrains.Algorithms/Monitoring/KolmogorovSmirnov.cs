using System.Numerics;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>Two-sample Kolmogorov-Smirnov statistic as an exact fraction.</summary>
/// <param name="Numerator">Largest difference of the two distribution functions in units of 1/<paramref name="Denominator"/>.</param>
/// <param name="Denominator">Least common multiple of the two sizes.</param>
/// <param name="ReferenceCount">Reference values, 1 or more.</param>
/// <param name="CurrentCount">Current values, 1 or more.</param>
public sealed record KolmogorovSmirnovResult(long Numerator, long Denominator, long ReferenceCount, long CurrentCount)
{
    /// <summary>Sizes up to this one get the exact p, as in scipy's "auto".</summary>
    public const long MaxExactCount = 10_000;

    /// <summary>The statistic D, 0..1.</summary>
    public double Statistic => (double)Numerator / Denominator;

    /// <summary>n·m / (n + m), the effective size.</summary>
    public double EffectiveCount => (double)ReferenceCount * CurrentCount / (ReferenceCount + CurrentCount);

    /// <summary>Exact two-sided p without ties (ties make it conservative), 0..1; null above <see cref="MaxExactCount"/> values on a side.</summary>
    public double? PExact() => Math.Max(ReferenceCount, CurrentCount) > MaxExactCount ? null : LatticePaths.Outside(this);

    /// <summary>Tail of the one-sample statistic at the rounded effective size (scipy's "asymp"); null when that size rounds to 0.</summary>
    public double? PAsymptotic() => Math.Round(EffectiveCount, MidpointRounding.ToEven) is >= 1 and var n
        ? KolmogorovDistribution.OneSampleTail(Statistic, (long)n)
        : null;

    /// <summary>Exact up to <see cref="MaxExactCount"/> values on a side, asymptotic above (scipy's "auto"); null when undefined.</summary>
    public double? PAuto() => PExact() ?? PAsymptotic();

    /// <summary>Kolmogorov's limit at √en·D.</summary>
    public double PKolmogorovLimit() => KolmogorovDistribution.LimitTail(Math.Sqrt(EffectiveCount) * Statistic);

    /// <summary>Kolmogorov's limit with Stephens' correction (1970) for small sizes.</summary>
    public double PStephens()
    {
        var root = Math.Sqrt(EffectiveCount);
        return KolmogorovDistribution.LimitTail((root + 0.12 + (0.11 / root)) * Statistic);
    }

    private static class LatticePaths
    {
        // A(i,j): the probability that a random monotone path to (i,j) has left the band |i/m - j/n| < D. All terms are positive,
        // so small probabilities keep their digits (Hodges 1957; Viehmann 2021).
        public static double Outside(KolmogorovSmirnovResult result)
        {
            if (result.Numerator == 0)
            {
                return 1;
            }

            var m = Math.Max(result.ReferenceCount, result.CurrentCount);
            var n = Math.Min(result.ReferenceCount, result.CurrentCount);
            var gcd = (long)BigInteger.GreatestCommonDivisor(m, n);
            var (mg, ng, h) = (m / gcd, n / gcd, result.Numerator);
            var column = new double[n + 1];
            Array.Fill(column, 1.0);
            Array.Clear(column, 0, (int)Math.Min(CeilingDivide(h, mg), n + 1));
            var lastFirst = 0L;
            for (var i = 1L; i <= m; i++)
            {
                var first = Math.Min(Math.Max(FloorDivide((ng * i) - h, mg) + 1, 0), n);
                var end = Math.Min(CeilingDivide((ng * i) + h, mg), n + 1);
                if (end <= first)
                {
                    return 1;
                }

                for (var j = lastFirst; j < first; j++)
                {
                    column[j] = 1;
                }

                var value = first == 0 ? 0.0 : 1.0;
                for (var j = first; j < end; j++)
                {
                    value = ((column[j] * i) + (value * j)) / (i + j);
                    column[j] = value;
                }

                lastFirst = first;
            }

            return Math.Clamp(column[n], 0, 1);
        }

        private static long FloorDivide(long a, long b) => (a / b) - (a % b < 0 ? 1 : 0);

        private static long CeilingDivide(long a, long b) => -FloorDivide(-a, b);
    }
}

/// <summary>The two-sample Kolmogorov-Smirnov test: the largest gap between two distribution functions.</summary>
public static class KolmogorovSmirnov
{
    /// <summary>Compares two samples; NaN is left out, infinities take part. Null means undefined: one side is empty.</summary>
    public static KolmogorovSmirnovResult? Compare(ReadOnlySpan<double> reference, ReadOnlySpan<double> current)
    {
        var (a, b) = (Sorted(reference), Sorted(current));
        if (a.Length == 0 || b.Length == 0)
        {
            return null;
        }

        var gcd = (long)BigInteger.GreatestCommonDivisor(a.Length, b.Length);
        var (stepA, stepB) = (b.Length / gcd, a.Length / gcd);
        var (i, j, largest) = (0, 0, 0L);
        while (i < a.Length && j < b.Length)
        {
            var x = Math.Min(a[i], b[j]);
            while (i < a.Length && a[i] <= x)
            {
                i++;
            }

            while (j < b.Length && b[j] <= x)
            {
                j++;
            }

            largest = Math.Max(largest, Math.Abs((i * stepA) - (j * stepB)));
        }

        return new KolmogorovSmirnovResult(largest, a.Length * stepA, a.Length, b.Length);
    }

    private static double[] Sorted(ReadOnlySpan<double> values)
    {
        var kept = Array.FindAll(values.ToArray(), value => !double.IsNaN(value));
        Array.Sort(kept);
        return kept;
    }
}
