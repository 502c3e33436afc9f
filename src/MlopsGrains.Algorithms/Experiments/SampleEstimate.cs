using MathNet.Numerics.Distributions;
using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Experiments;

/// <summary>What a few repeated measurements say about the mean of all that could be made.</summary>
/// <param name="Count">How many values.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="StandardDeviation">Sample standard deviation (divides by n − 1); <see langword="null"/> below two values.</param>
/// <param name="Low">Lower end of the confidence interval of the mean; <see langword="null"/> below two values.</param>
/// <param name="High">Upper end.</param>
public sealed record SampleEstimate(int Count, double Mean, double? StandardDeviation, double? Low, double? High)
{
    /// <summary>The estimate with a two-sided interval from Student's t: mean ± t(1 − (1 − c)/2, n − 1) · s / √n. Null for no values.</summary>
    /// <param name="values">Finite values.</param>
    /// <param name="confidence">Between 0 and 1, such as 0.95.</param>
    public static SampleEstimate? Of(ReadOnlySpan<double> values, double confidence)
    {
        var moments = default(Moments);
        foreach (var value in values)
        {
            moments = moments.Add(value);
        }

        if (moments.VarianceSample is not { } variance)
        {
            return values.IsEmpty ? null : new SampleEstimate(1, moments.Mean, null, null, null);
        }

        var half = Quantile(confidence, values.Length - 1) * Math.Sqrt(variance / values.Length);
        return new SampleEstimate(values.Length, moments.Mean, Math.Sqrt(variance), moments.Mean - half, moments.Mean + half);
    }

    /// <summary>How many standard errors to either side hold the share <paramref name="confidence"/> of Student's t.</summary>
    internal static double Quantile(double confidence, double degrees) => StudentT.InvCDF(0, 1, degrees, 1 - ((1 - confidence) / 2));
}
