namespace MlopsGrains.Algorithms.Models;

/// <summary>
/// The four counts of a binary classifier and what follows from them. Counts may be fractions: an estimate without labels has expected
/// counts. Every ratio is null where its divisor is zero.
/// </summary>
/// <param name="TruePositives">Label 1 predicted as 1.</param>
/// <param name="FalsePositives">Label 0 predicted as 1.</param>
/// <param name="TrueNegatives">Label 0 predicted as 0.</param>
/// <param name="FalseNegatives">Label 1 predicted as 0.</param>
public sealed record BinaryConfusion(double TruePositives, double FalsePositives, double TrueNegatives, double FalseNegatives)
{
    /// <summary>All rows.</summary>
    public double Total => TruePositives + FalsePositives + TrueNegatives + FalseNegatives;

    /// <summary>Share of right predictions, 0..1.</summary>
    public double? Accuracy => Ratio(TruePositives + TrueNegatives, Total);

    /// <summary>TP / (TP + FP), 0..1.</summary>
    public double? Precision => Ratio(TruePositives, TruePositives + FalsePositives);

    /// <summary>TP / (TP + FN), 0..1; the true positive rate.</summary>
    public double? Recall => Ratio(TruePositives, TruePositives + FalseNegatives);

    /// <summary>TN / (TN + FP), 0..1.</summary>
    public double? Specificity => Ratio(TrueNegatives, TrueNegatives + FalsePositives);

    /// <summary>FP / (FP + TN), 0..1.</summary>
    public double? FalsePositiveRate => Ratio(FalsePositives, TrueNegatives + FalsePositives);

    /// <summary>2TP / (2TP + FP + FN), 0..1.</summary>
    public double? F1 => Ratio(2 * TruePositives, (2 * TruePositives) + FalsePositives + FalseNegatives);

    /// <summary>Mean of recall and specificity, 0..1.</summary>
    public double? BalancedAccuracy => (Recall + Specificity) / 2;

    /// <summary>Share predicted as 1, 0..1.</summary>
    public double? SelectionRate => Ratio(TruePositives + FalsePositives, Total);

    /// <summary>Matthews' correlation coefficient, -1..1 (Matthews 1975).</summary>
    public double? Matthews => Ratio(
        (TruePositives * TrueNegatives) - (FalsePositives * FalseNegatives),
        Math.Sqrt((TruePositives + FalsePositives) * (TruePositives + FalseNegatives) * (TrueNegatives + FalsePositives) * (TrueNegatives + FalseNegatives)));

    /// <summary>Counts labels against predicted labels.</summary>
    public static BinaryConfusion Count(ReadOnlySpan<bool> labels, ReadOnlySpan<bool> predicted)
    {
        Rows.SameLength(labels.Length, predicted.Length, nameof(predicted));
        Span<long> counts = stackalloc long[4];
        for (var i = 0; i < labels.Length; i++)
        {
            counts[(labels[i] ? 2 : 0) + (predicted[i] ? 1 : 0)]++;
        }

        return new BinaryConfusion(counts[3], counts[1], counts[0], counts[2]);
    }

    internal static double? Ratio(double part, double whole) => whole > 0 ? part / whole : null;
}

/// <summary>Metrics of a binary classifier that gives probabilities. Null where undefined: no rows, or only one class where both are needed.</summary>
/// <param name="Confusion">Counts at the threshold.</param>
/// <param name="RocAuc">Area under the ROC curve, 0..1, ties count one half (Mann and Whitney 1947).</param>
/// <param name="AveragePrecision">Σ (R_n - R_(n-1))·P_n over distinct scores, highest first, 0..1.</param>
/// <param name="LogLoss">Mean -ln of the probability given to the truth, clipped at 1e-15; in nats.</param>
/// <param name="Brier">Mean squared difference of probability and label, 0..1 (Brier 1950).</param>
/// <param name="ExpectedCalibrationError">Over 10 bins of equal width, 0..1 (Naeini et al. 2015).</param>
public sealed record BinaryClassificationMetrics(
    BinaryConfusion Confusion,
    double? RocAuc,
    double? AveragePrecision,
    double? LogLoss,
    double? Brier,
    double? ExpectedCalibrationError)
{
    /// <summary>Bins of the calibration error.</summary>
    public const int CalibrationBins = 10;

    private const double Clip = 1e-15;

    /// <summary>Evaluates probabilities of class 1 (each 0..1) against labels; a row is predicted as 1 when p ≥ <paramref name="threshold"/>.</summary>
    public static BinaryClassificationMetrics Evaluate(ReadOnlySpan<bool> labels, ReadOnlySpan<double> probabilities, double threshold = 0.5)
    {
        Rows.SameLength(labels.Length, probabilities.Length, nameof(probabilities));
        Rows.Probabilities(probabilities, nameof(probabilities));
        var predicted = new bool[labels.Length];
        for (var i = 0; i < predicted.Length; i++)
        {
            predicted[i] = probabilities[i] >= threshold;
        }

        var confusion = BinaryConfusion.Count(labels, predicted);
        return new BinaryClassificationMetrics(
            confusion,
            RocAucOf(labels, probabilities),
            AveragePrecisionOf(labels, probabilities),
            LogLossOf(labels, probabilities),
            BrierOf(labels, probabilities),
            CalibrationErrorOf(labels, probabilities));
    }

    /// <summary>Area under the ROC curve of any finite scores; null when only one class is there.</summary>
    public static double? RocAucOf(ReadOnlySpan<bool> labels, ReadOnlySpan<double> scores)
    {
        var (positives, negatives, area) = (0.0, 0.0, 0.0);
        foreach (var (up, down) in ByScoreDescending(labels, scores))
        {
            area += down * (positives + (up / 2.0));
            positives += up;
            negatives += down;
        }

        return BinaryConfusion.Ratio(area, positives * negatives);
    }

    /// <summary>Average precision of any finite scores; null without positives.</summary>
    public static double? AveragePrecisionOf(ReadOnlySpan<bool> labels, ReadOnlySpan<double> scores)
    {
        var (positives, seen, sum) = (0.0, 0.0, 0.0);
        foreach (var (up, down) in ByScoreDescending(labels, scores))
        {
            positives += up;
            seen += up + down;
            sum += up * (positives / seen);
        }

        return BinaryConfusion.Ratio(sum, positives);
    }

    /// <summary>Mean -ln of the probability (0..1) given to the truth, clipped at 1e-15, in nats; null without rows.</summary>
    public static double? LogLossOf(ReadOnlySpan<bool> labels, ReadOnlySpan<double> probabilities)
    {
        Rows.SameLength(labels.Length, probabilities.Length, nameof(probabilities));
        var sum = 0.0;
        for (var i = 0; i < labels.Length; i++)
        {
            var p = Math.Clamp(probabilities[i], Clip, 1 - Clip);
            sum -= Math.Log(labels[i] ? p : 1 - p);
        }

        return BinaryConfusion.Ratio(sum, labels.Length);
    }

    private static double? BrierOf(ReadOnlySpan<bool> labels, ReadOnlySpan<double> probabilities)
    {
        var sum = 0.0;
        for (var i = 0; i < labels.Length; i++)
        {
            var gap = probabilities[i] - (labels[i] ? 1 : 0);
            sum += gap * gap;
        }

        return BinaryConfusion.Ratio(sum, labels.Length);
    }

    private static double? CalibrationErrorOf(ReadOnlySpan<bool> labels, ReadOnlySpan<double> probabilities)
    {
        Span<double> gaps = stackalloc double[CalibrationBins];
        for (var i = 0; i < labels.Length; i++)
        {
            var bin = Math.Min((int)Math.Floor(CalibrationBins * probabilities[i]), CalibrationBins - 1);
            gaps[bin] += probabilities[i] - (labels[i] ? 1 : 0);
        }

        var sum = 0.0;
        foreach (var gap in gaps)
        {
            sum += Math.Abs(gap);
        }

        return BinaryConfusion.Ratio(sum, labels.Length);
    }

    // Positives and negatives of each distinct score.
    private static List<(long Positives, long Negatives)> ByScoreDescending(ReadOnlySpan<bool> labels, ReadOnlySpan<double> scores)
    {
        Rows.SameLength(labels.Length, scores.Length, nameof(scores));
        Rows.Finite(scores, nameof(scores));
        var (keys, truths) = (scores.ToArray(), labels.ToArray());
        Array.Sort(keys, truths);
        var groups = new List<(long, long)>();
        for (var i = keys.Length - 1; i >= 0;)
        {
            var (score, up, down) = (keys[i], 0L, 0L);
            for (; i >= 0 && keys[i].Equals(score); i--)
            {
                up += truths[i] ? 1 : 0;
                down += truths[i] ? 0 : 1;
            }

            groups.Add((up, down));
        }

        return groups;
    }
}
