using MathNet.Numerics;
using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>Outcome of a chi-square test.</summary>
/// <param name="Statistic">Pearson's statistic, 0 or more; +infinity when something was seen that the reference rules out.</param>
/// <param name="P">Probability of at least this statistic without drift, 0..1.</param>
/// <param name="DegreesOfFreedom">Bins with rows, less one.</param>
/// <param name="MinExpected">Smallest expected count; the test is rough below 5.</param>
public sealed record ChiSquareResult(double Statistic, double P, int DegreesOfFreedom, double MinExpected);

/// <summary>Pearson's chi-square tests on two columns of integer counts, without Yates' correction. Null means undefined: one side has no rows.</summary>
public static class ChiSquare
{
    /// <summary>
    /// The 2 × k table of both sides: is the distribution the same? Bins without rows on either side are dropped
    /// (scipy's chi2_contingency, correction=False).
    /// </summary>
    public static ChiSquareResult? Contingency(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        if (!BinnedDistance.Totals(reference, current, out var n, out var m))
        {
            return null;
        }

        var (statistic, bins, least) = (0.0, 0, double.PositiveInfinity);
        for (var i = 0; i < reference.Length; i++)
        {
            double column = reference[i] + current[i];
            if (column == 0)
            {
                continue;
            }

            bins++;
            var (expectedRef, expectedCur) = (column * n / (n + m), column * m / (n + m));
            statistic += Square(reference[i] - expectedRef) / expectedRef;
            statistic += Square(current[i] - expectedCur) / expectedCur;
            least = Math.Min(least, Math.Min(expectedRef, expectedCur));
        }

        return bins == 1
            ? new ChiSquareResult(0, 1, 0, least)
            : new ChiSquareResult(statistic, UpperTail(statistic, bins - 1), bins - 1, least);
    }

    /// <summary>
    /// Current counts against the reference's shares taken as exact: expected = reference · m / n (Evidently's form). A bin that the
    /// reference never had but the current side has makes the statistic infinite and p zero.
    /// </summary>
    public static ChiSquareResult? GoodnessOfFit(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        if (!BinnedDistance.Totals(reference, current, out var n, out var m))
        {
            return null;
        }

        var (statistic, bins, least) = (0.0, 0, double.PositiveInfinity);
        for (var i = 0; i < reference.Length; i++)
        {
            if (reference[i] == 0 && current[i] == 0)
            {
                continue;
            }

            bins++;
            var expected = reference[i] * m / n;
            statistic += expected > 0 ? Square(current[i] - expected) / expected : double.PositiveInfinity;
            least = Math.Min(least, expected);
        }

        return bins == 1
            ? new ChiSquareResult(0, 1, 0, least)
            : new ChiSquareResult(statistic, UpperTail(statistic, bins - 1), bins - 1, least);
    }

    /// <summary>P(X ≥ <paramref name="statistic"/>) for X chi-square with <paramref name="degrees"/> degrees of freedom; 1 for no degrees.</summary>
    public static double UpperTail(double statistic, int degrees) => statistic switch
    {
        _ when degrees < 1 => 1,
        <= 0 => 1,
        double.PositiveInfinity => 0,
        _ => Math.Clamp(SpecialFunctions.GammaUpperRegularized(degrees / 2.0, statistic / 2), 0, 1),
    };

    private static double Square(double x) => x * x;
}
