namespace MlopsGrains.Algorithms.Models;

/// <summary>One class of a multiclass classifier. Ratios are null where their divisor is zero.</summary>
/// <param name="Precision">Right among those predicted as this class, 0..1.</param>
/// <param name="Recall">Right among those of this class, 0..1.</param>
/// <param name="F1">2TP / (2TP + FP + FN), 0..1.</param>
/// <param name="Support">Rows of this class.</param>
public sealed record ClassMetrics(double? Precision, double? Recall, double? F1, long Support);

/// <summary>Metrics of a multiclass classifier. Null where undefined.</summary>
/// <param name="Confusion">Rows by label (first index) and prediction (second).</param>
/// <param name="Classes">One entry for each class.</param>
/// <param name="Accuracy">Share of right predictions, 0..1.</param>
/// <param name="F1Macro">Mean F1 of the classes that occur among the rows or the predictions.</param>
/// <param name="F1Weighted">Mean F1 weighted by support.</param>
/// <param name="CohenKappa">Agreement beyond chance, -1..1 (Cohen 1960).</param>
/// <param name="LogLoss">Mean -ln of the probability given to the truth, clipped at 1e-15; null without probabilities.</param>
/// <param name="RocAucOvrMacro">Mean of the one-versus-rest areas; null without probabilities or when a class has no rows.</param>
public sealed record MulticlassMetrics(
    IReadOnlyList<IReadOnlyList<long>> Confusion,
    IReadOnlyList<ClassMetrics> Classes,
    double? Accuracy,
    double? F1Macro,
    double? F1Weighted,
    double? CohenKappa,
    double? LogLoss,
    double? RocAucOvrMacro)
{
    /// <summary>The most classes: the confusion matrix grows with their square.</summary>
    public const int MaxClasses = 1_000;

    private const double Clip = 1e-15;

    /// <summary>Evaluates probabilities: <paramref name="probabilities"/>[row][class]; the prediction is the first class of the largest.</summary>
    /// <param name="labels">Classes, each 0..classes-1.</param>
    /// <param name="probabilities">Rows of equal length, each value 0..1.</param>
    /// <param name="classes">How many classes, 2..<see cref="MaxClasses"/>.</param>
    public static MulticlassMetrics Evaluate(ReadOnlySpan<int> labels, IReadOnlyList<double[]> probabilities, int classes)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        Rows.SameLength(labels.Length, probabilities.Count, nameof(probabilities));
        var predicted = new int[labels.Length];
        for (var i = 0; i < predicted.Length; i++)
        {
            if (probabilities[i].Length != classes)
            {
                throw new ArgumentException($"probabilities: row {i} has {probabilities[i].Length} values; {classes} classes.", nameof(probabilities));
            }

            Rows.Probabilities(probabilities[i], nameof(probabilities));
            predicted[i] = IndexOfLargest(probabilities[i]);
        }

        return Evaluate(labels, predicted, classes) with
        {
            LogLoss = LogLossOf(labels, probabilities),
            RocAucOvrMacro = RocAucOf(labels, probabilities, classes),
        };
    }

    /// <summary>Evaluates predicted classes.</summary>
    /// <param name="labels">Classes, each 0..classes-1.</param>
    /// <param name="predicted">Classes, each 0..classes-1.</param>
    /// <param name="classes">How many classes, 2..<see cref="MaxClasses"/>.</param>
    public static MulticlassMetrics Evaluate(ReadOnlySpan<int> labels, ReadOnlySpan<int> predicted, int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(classes, MaxClasses);
        Rows.SameLength(labels.Length, predicted.Length, nameof(predicted));
        var confusion = new long[classes][];
        for (var i = 0; i < classes; i++)
        {
            confusion[i] = new long[classes];
        }

        for (var i = 0; i < labels.Length; i++)
        {
            confusion[InRange(labels[i], classes, i, nameof(labels))][InRange(predicted[i], classes, i, nameof(predicted))]++;
        }

        return Of(confusion, labels.Length);
    }

    /// <summary>Mean F1 of the classes that occur among the rows or the predictions, of a square confusion matrix; null when none does.</summary>
    public static double? MacroF1(IReadOnlyList<IReadOnlyList<long>> confusion)
    {
        ArgumentNullException.ThrowIfNull(confusion);
        return Enumerable.Range(0, confusion.Count)
            .Select(c => BinaryConfusion.Ratio(2 * confusion[c][c], confusion[c].Sum() + confusion.Sum(row => row[c])))
            .Average();
    }

    private static MulticlassMetrics Of(long[][] confusion, double total)
    {
        var (right, chance, weighted) = (0.0, 0.0, 0.0);
        var perClass = new ClassMetrics[confusion.Length];
        for (var c = 0; c < perClass.Length; c++)
        {
            var (hits, support, picked) = (confusion[c][c], confusion[c].Sum(), confusion.Sum(row => row[c]));
            var f1 = BinaryConfusion.Ratio(2 * hits, support + picked);
            perClass[c] = new ClassMetrics(BinaryConfusion.Ratio(hits, picked), BinaryConfusion.Ratio(hits, support), f1, support);
            right += hits;
            chance += (double)support * picked;
            weighted += (f1 ?? 0) * support;
        }

        return new MulticlassMetrics(
            confusion,
            perClass,
            BinaryConfusion.Ratio(right, total),
            MacroF1(confusion),
            BinaryConfusion.Ratio(weighted, total),
            BinaryConfusion.Ratio((right * total) - chance, (total * total) - chance),
            null,
            null);
    }

    private static double? LogLossOf(ReadOnlySpan<int> labels, IReadOnlyList<double[]> probabilities)
    {
        var sum = 0.0;
        for (var i = 0; i < labels.Length; i++)
        {
            sum -= Math.Log(Math.Clamp(probabilities[i][labels[i]], Clip, 1 - Clip));
        }

        return BinaryConfusion.Ratio(sum, labels.Length);
    }

    private static double? RocAucOf(ReadOnlySpan<int> labels, IReadOnlyList<double[]> probabilities, int classes)
    {
        var sum = 0.0;
        var (truths, scores) = (new bool[labels.Length], new double[labels.Length]);
        for (var c = 0; c < classes; c++)
        {
            for (var i = 0; i < truths.Length; i++)
            {
                truths[i] = labels[i] == c;
                scores[i] = probabilities[i][c];
            }

            if (BinaryClassificationMetrics.RocAucOf(truths, scores) is not { } area)
            {
                return null;
            }

            sum += area;
        }

        return sum / classes;
    }

    internal static int IndexOfLargest(double[] values)
    {
        var largest = 0;
        for (var i = 1; i < values.Length; i++)
        {
            largest = values[i] > values[largest] ? i : largest;
        }

        return largest;
    }

    private static int InRange(int value, int classes, int row, string name) => value >= 0 && value < classes
        ? value
        : throw new ArgumentException($"{name}: row {row} is class {value}; classes are 0..{classes - 1}.", name);
}
