using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Models;

/// <summary>Metrics of a regression, in the unit of the target unless said otherwise. Errors are prediction - truth.</summary>
/// <param name="Count">Rows, 1 or more.</param>
/// <param name="MeanAbsoluteError">Mean |error|.</param>
/// <param name="MeanSquaredError">Mean error², in the squared unit.</param>
/// <param name="RootMeanSquaredError">Its root.</param>
/// <param name="MedianAbsoluteError">Median |error|.</param>
/// <param name="MaxError">Largest |error|.</param>
/// <param name="MeanError">Mean error: the bias.</param>
/// <param name="RSquared">1 - residual / total sum of squares, at most 1, no unit; null when the truth is constant.</param>
/// <param name="MeanAbsolutePercentageError">Mean |error| / |truth| over rows with a truth other than 0, as a share; null without such rows.</param>
/// <param name="PercentageSkipped">Rows left out of it.</param>
/// <param name="SymmetricPercentageError">Mean 2|error| / (|truth| + |prediction|), 0..2; a row of two zeros counts as 0.</param>
public sealed record RegressionMetrics(
    long Count,
    double MeanAbsoluteError,
    double MeanSquaredError,
    double RootMeanSquaredError,
    double MedianAbsoluteError,
    double MaxError,
    double MeanError,
    double? RSquared,
    double? MeanAbsolutePercentageError,
    long PercentageSkipped,
    double SymmetricPercentageError)
{
    /// <summary>Evaluates finite predictions against finite truths; null without rows.</summary>
    public static RegressionMetrics? Evaluate(ReadOnlySpan<double> truth, ReadOnlySpan<double> predicted)
    {
        Rows.SameLength(truth.Length, predicted.Length, nameof(predicted));
        Rows.Finite(truth, nameof(truth));
        Rows.Finite(predicted, nameof(predicted));
        if (truth.IsEmpty)
        {
            return null;
        }

        double n = truth.Length;
        var errors = new double[truth.Length];
        var (bias, squares, percent, symmetric, skipped) = (0.0, 0.0, 0.0, 0.0, 0L);
        var spread = default(Moments);
        for (var i = 0; i < truth.Length; i++)
        {
            var (y, error) = (truth[i], predicted[i] - truth[i]);
            var size = Math.Abs(error);
            errors[i] = size;
            bias += error;
            squares += error * error;
            spread = spread.Add(y);
            symmetric += error == 0 ? 0 : 2 * size / (Math.Abs(y) + Math.Abs(predicted[i]));
            percent += y == 0 ? 0 : size / Math.Abs(y);
            skipped += y == 0 ? 1 : 0;
        }

        Array.Sort(errors);
        return new RegressionMetrics(
            truth.Length,
            errors.Sum() / n,
            squares / n,
            Math.Sqrt(squares / n),
            Quantiles.OfSorted(errors, 0.5)!.Value,
            errors[^1],
            bias / n,
            spread.SquaredDeviations > 0 ? 1 - (squares / spread.SquaredDeviations) : null,
            BinaryConfusion.Ratio(percent, n - skipped),
            skipped,
            symmetric / n);
    }
}
