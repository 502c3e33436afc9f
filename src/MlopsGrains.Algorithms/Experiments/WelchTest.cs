using MathNet.Numerics;
using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Experiments;

/// <summary>Welch's t-test: do two samples with variances of their own come from populations of one mean?</summary>
/// <param name="Difference">Mean of the second minus mean of the first.</param>
/// <param name="Low">Lower end of the difference's confidence interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Statistic">t; infinite when both samples are constant and differ.</param>
/// <param name="DegreesOfFreedom">By Welch and Satterthwaite; not whole in general.</param>
/// <param name="P">Two-sided probability of at least this |t| if the means are equal, 0..1.</param>
/// <param name="HedgesG">Effect size: the difference in pooled standard deviations, corrected for small samples by 1 − 3/(4(n + m) − 9). 0 without a
/// difference, infinite when both samples are constant and differ.</param>
public sealed record WelchTest(double Difference, double Low, double High, double Statistic, double DegreesOfFreedom, double P, double HedgesG)
{
    /// <summary>The test; <see langword="null"/> when a sample has fewer than two values.</summary>
    /// <param name="first">Finite values.</param>
    /// <param name="second">Finite values.</param>
    /// <param name="confidence">Of the interval, between 0 and 1.</param>
    public static WelchTest? Compare(ReadOnlySpan<double> first, ReadOnlySpan<double> second, double confidence)
    {
        var (x, y) = (Of(first), Of(second));
        if (x.VarianceSample is not { } varianceX || y.VarianceSample is not { } varianceY)
        {
            return null;
        }

        var (n, m, difference) = ((double)x.Count, (double)y.Count, y.Mean - x.Mean);
        var (errorX, errorY) = (varianceX / n, varianceY / m);
        var error = Math.Sqrt(errorX + errorY);
        if (error == 0)
        {
            var infinite = difference == 0 ? 0 : double.CopySign(double.PositiveInfinity, difference);
            return new WelchTest(difference, difference, difference, infinite, n + m - 2, difference == 0 ? 1 : 0, infinite);
        }

        var degrees = (errorX + errorY) * (errorX + errorY) / ((errorX * errorX / (n - 1)) + (errorY * errorY / (m - 1)));
        var t = difference / error;
        var half = SampleEstimate.Quantile(confidence, degrees) * error;
        var pooled = Math.Sqrt((((n - 1) * varianceX) + ((m - 1) * varianceY)) / (n + m - 2));
        var g = difference / pooled * (1 - (3 / ((4 * (n + m)) - 9)));
        return new WelchTest(difference, difference - half, difference + half, t, degrees, TwoSided(t, degrees), g);
    }

    /// <summary>P(|T| ≥ |t|), from the incomplete beta function, so that small probabilities keep their digits.</summary>
    private static double TwoSided(double t, double degrees) => Math.Clamp(SpecialFunctions.BetaRegularized(degrees / 2, 0.5, degrees / (degrees + (t * t))), 0, 1);

    private static Moments Of(ReadOnlySpan<double> values)
    {
        var moments = default(Moments);
        foreach (var value in values)
        {
            moments = moments.Add(value);
        }

        return moments;
    }
}
