namespace MlopsGrains.Algorithms.Models;

/// <summary>
/// Confidence-based estimate of performance without labels (CBPE, NannyML): the probability of being wrong is |prediction - p|.
/// Right only for calibrated probabilities, without concept drift, over many rows.
/// </summary>
/// <param name="Confusion">Expected counts.</param>
/// <param name="RocAuc">Expected area under the ROC curve, 0..1; null when all probabilities are 0 or all are 1.</param>
public sealed record PerformanceEstimate(BinaryConfusion Confusion, double? RocAuc)
{
    /// <summary>Estimates from calibrated probabilities of class 1, each 0..1; a row is predicted as 1 when p ≥ <paramref name="threshold"/>.</summary>
    public static PerformanceEstimate Binary(ReadOnlySpan<double> probabilities, double threshold = 0.5)
    {
        Rows.Probabilities(probabilities, nameof(probabilities));
        var (tp, fp, tn, fn) = (0.0, 0.0, 0.0, 0.0);
        foreach (var p in probabilities)
        {
            if (p >= threshold)
            {
                tp += p;
                fp += 1 - p;
            }
            else
            {
                tn += 1 - p;
                fn += p;
            }
        }

        return new PerformanceEstimate(new BinaryConfusion(tp, fp, tn, fn), RocAucOf(probabilities));
    }

    /// <summary>Expected accuracy of a multiclass classifier: the mean of each row's largest probability; null without rows.</summary>
    public static double? MulticlassAccuracy(IReadOnlyList<double[]> probabilities)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        var sum = 0.0;
        foreach (var row in probabilities)
        {
            Rows.Probabilities(row, nameof(probabilities));
            sum += row[MulticlassMetrics.IndexOfLargest(row)];
        }

        return BinaryConfusion.Ratio(sum, probabilities.Count);
    }

    // The trapezoid over distinct scores: each row is p of a positive and 1 - p of a negative.
    private static double? RocAucOf(ReadOnlySpan<double> probabilities)
    {
        var sorted = probabilities.ToArray();
        Array.Sort(sorted);
        var (positives, negatives, area) = (0.0, 0.0, 0.0);
        for (var i = sorted.Length - 1; i >= 0;)
        {
            var (score, up, down) = (sorted[i], 0.0, 0.0);
            for (; i >= 0 && sorted[i].Equals(score); i--)
            {
                up += score;
                down += 1 - score;
            }

            area += down * (positives + (up / 2));
            positives += up;
            negatives += down;
        }

        return BinaryConfusion.Ratio(area, positives * negatives);
    }
}
