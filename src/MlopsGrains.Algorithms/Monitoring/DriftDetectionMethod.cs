namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>What the detector says after a value.</summary>
public enum DetectionLevel
{
    /// <summary>As usual.</summary>
    Normal,

    /// <summary>Errors are rising.</summary>
    Warning,

    /// <summary>The error rate changed.</summary>
    Drift,
}

/// <summary>
/// DDM (Gama et al. 2004): watches the rate of errors of a classifier against the best it has had. Five numbers, immutable; a drift
/// resets it.
/// </summary>
/// <param name="Count">Rows since the reset.</param>
/// <param name="Rate">Their error rate, 0..1.</param>
/// <param name="LeastRate">Rate at the best moment; +infinity before.</param>
/// <param name="LeastDeviation">Standard deviation at that moment.</param>
/// <param name="LeastSum">Sum of both.</param>
public readonly record struct DriftDetectionMethod(long Count, double Rate, double LeastRate, double LeastDeviation, double LeastSum)
{
    /// <summary>Rows before the first judgement.</summary>
    public const int WarmUp = 30;

    private const double WarningDeviations = 2;
    private const double DriftDeviations = 3;

    /// <summary>The state before the first row.</summary>
    public static DriftDetectionMethod Initial { get; } = new(0, 0, double.MaxValue, double.MaxValue, double.MaxValue);

    /// <summary>The state after one more row, and what it says.</summary>
    public (DriftDetectionMethod State, DetectionLevel Level) Next(bool error)
    {
        var count = Count + 1;
        var rate = Rate + (((error ? 1 : 0) - Rate) / count);
        var next = this with { Count = count, Rate = rate };
        if (count <= WarmUp)
        {
            return (next, DetectionLevel.Normal);
        }

        var deviation = Math.Sqrt(rate * (1 - rate) / count);
        if (rate + deviation <= LeastSum)
        {
            next = next with { LeastRate = rate, LeastDeviation = deviation, LeastSum = rate + deviation };
        }

        if (rate + deviation > next.LeastRate + (DriftDeviations * next.LeastDeviation))
        {
            return (Initial, DetectionLevel.Drift);
        }

        return (next, rate + deviation > next.LeastRate + (WarningDeviations * next.LeastDeviation) ? DetectionLevel.Warning : DetectionLevel.Normal);
    }
}
