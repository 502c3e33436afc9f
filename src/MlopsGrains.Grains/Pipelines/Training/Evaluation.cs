using System.Globalization;
using MlopsGrains.Algorithms.Models;
using MlopsGrains.Errors;

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
        var (labels, scores) = (actual.ToArray(), Finite(probability));
        var confusion = BinaryConfusion.Count(labels, [.. predicted]);
        var metrics = new Dictionary<string, double>
        {
            ["accuracy"] = confusion.Accuracy ?? 0,
            ["precision"] = confusion.Precision ?? 0,
            ["recall"] = confusion.Recall ?? 0,
            ["f1"] = confusion.F1 ?? 0,
            ["log_loss"] = BinaryClassificationMetrics.LogLossOf(labels, scores) ?? 0,
        };
        if (BinaryClassificationMetrics.RocAucOf(labels, scores) is { } auc)
        {
            metrics["auc"] = auc;
        }

        long[][] counts = [[(long)confusion.TrueNegatives, (long)confusion.FalsePositives], [(long)confusion.FalseNegatives, (long)confusion.TruePositives]];
        return new Evaluation(metrics, counts, [negative, positive]);
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
        var measured = RegressionMetrics.Evaluate(Finite(actual), Finite(predicted)) ?? throw MlopsException.Invalid("data", "There are no rows to measure on.");
        var metrics = new Dictionary<string, double> { ["rmse"] = measured.RootMeanSquaredError, ["mae"] = measured.MeanAbsoluteError };
        if (measured.RSquared is { } share)
        {
            metrics["r2"] = share;
        }

        return new Evaluation(metrics, null, null);
    }

    private static double[] Finite(IReadOnlyList<double> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw MlopsException.Invalid("data", string.Create(CultureInfo.InvariantCulture, $"The prediction for row {i + 1} is {values[i]}; a metric needs finite numbers. The data holds values too large for the model."));
            }
        }

        return [.. values];
    }
}
