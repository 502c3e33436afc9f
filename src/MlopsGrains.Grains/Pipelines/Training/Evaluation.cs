using MlopsGrains.Algorithms.Models;

namespace MlopsGrains.Grains.Pipelines.Training;

/// <summary>Quality of predictions against labels.</summary>
/// <param name="Metrics">By name: <c>auc</c>, <c>accuracy</c>, <c>f1</c>, <c>precision</c>, <c>recall</c>, <c>log_loss</c>; or <c>rmse</c>, <c>mae</c>, <c>r2</c>.</param>
/// <param name="Confusion">Rows are actual, columns predicted, in the order of <paramref name="Classes"/>; <see langword="null"/> for regression.</param>
/// <param name="Classes">Names; <see langword="null"/> for regression.</param>
internal sealed record Evaluation(IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<long[]>? Confusion, IReadOnlyList<string>? Classes)
{
    private const double ProbabilityFloor = 1e-15;

    public static Evaluation Binary(IReadOnlyList<bool> actual, IReadOnlyList<double> probability, IReadOnlyList<bool> predicted, string negative, string positive)
    {
        long tp = 0, fp = 0, tn = 0, fn = 0;
        for (var i = 0; i < actual.Count; i++)
        {
            _ = (actual[i], predicted[i]) switch { (true, true) => tp++, (false, true) => fp++, (false, false) => tn++, _ => fn++ };
        }

        var metrics = new Dictionary<string, double>
        {
            ["accuracy"] = (double)(tp + tn) / actual.Count,
            ["precision"] = tp + fp == 0 ? 0 : (double)tp / (tp + fp),
            ["recall"] = tp + fn == 0 ? 0 : (double)tp / (tp + fn),
            ["f1"] = tp == 0 ? 0 : 2.0 * tp / ((2.0 * tp) + fp + fn),
            ["log_loss"] = LogLoss(actual, probability),
        };
        if (Auc(actual, probability) is { } auc)
        {
            metrics["auc"] = auc;
        }

        return new Evaluation(metrics, [[tn, fp], [fn, tp]], [negative, positive]);
    }

    /// <summary>Accuracy, macro F1 and log loss over all classes; <paramref name="probabilities"/> are in the order of <paramref name="classes"/>.</summary>
    public static Evaluation Multiclass(IReadOnlyList<string> actual, IReadOnlyList<float[]> probabilities, IReadOnlyList<string> predicted, IReadOnlyList<string> classes)
    {
        var all = classes.Union(actual).Union(predicted).ToList();
        var index = all.Select((c, i) => (c, i)).ToDictionary(x => x.c, x => x.i, StringComparer.Ordinal);
        var confusion = all.Select(_ => new long[all.Count]).ToArray();
        var loss = 0.0;
        for (var i = 0; i < actual.Count; i++)
        {
            confusion[index[actual[i]]][index[predicted[i]]]++;
            var at = index[actual[i]];
            loss -= Math.Log(Math.Max(at < probabilities[i].Length ? probabilities[i][at] : 0, ProbabilityFloor));
        }

        var f1 = MulticlassMetrics.MacroF1(confusion) ?? 0;
        var metrics = new Dictionary<string, double> { ["accuracy"] = (double)all.Select((_, c) => confusion[c][c]).Sum() / actual.Count, ["f1"] = f1, ["log_loss"] = loss / actual.Count };
        return new Evaluation(metrics, confusion, all);
    }

    public static Evaluation Regression(IReadOnlyList<double> actual, IReadOnlyList<double> predicted)
    {
        var mean = actual.Average();
        var squared = actual.Zip(predicted, (a, p) => (a - p) * (a - p)).Sum();
        var total = actual.Sum(a => (a - mean) * (a - mean));
        var metrics = new Dictionary<string, double>
        {
            ["rmse"] = Math.Sqrt(squared / actual.Count),
            ["mae"] = actual.Zip(predicted, (a, p) => Math.Abs(a - p)).Average(),
        };
        if (total > 0)
        {
            metrics["r2"] = 1 - (squared / total);
        }

        return new Evaluation(metrics, null, null);
    }

    public static double LogLoss(IReadOnlyList<bool> actual, IReadOnlyList<double> probability)
    {
        var sum = 0.0;
        for (var i = 0; i < actual.Count; i++)
        {
            var p = Math.Clamp(probability[i], ProbabilityFloor, 1 - ProbabilityFloor);
            sum -= Math.Log(actual[i] ? p : 1 - p);
        }

        return sum / actual.Count;
    }

    /// <summary>Area under the ROC curve by mid-ranks (ties count half); <see langword="null"/> when only one class is there.</summary>
    public static double? Auc(IReadOnlyList<bool> actual, IReadOnlyList<double> score)
    {
        var order = Enumerable.Range(0, actual.Count).OrderBy(i => score[i]).ToArray();
        double positives = 0, rankSum = 0;
        for (var start = 0; start < order.Length;)
        {
            var end = start;
            while (end < order.Length && score[order[end]] == score[order[start]])
            {
                end++;
            }

            var rank = (start + 1 + end) / 2.0;
            for (var i = start; i < end; i++)
            {
                if (actual[order[i]])
                {
                    positives++;
                    rankSum += rank;
                }
            }

            start = end;
        }

        var negatives = actual.Count - positives;
        return positives == 0 || negatives == 0 ? null : (rankSum - (positives * (positives + 1) / 2)) / (positives * negatives);
    }
}
