using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;
using static MlopsGrains.Grains.Pipelines.Training.TableView;
using BinaryClassificationMetrics = MlopsGrains.Algorithms.Models.BinaryClassificationMetrics;

namespace MlopsGrains.Grains.Pipelines.Training;

/// <summary>One measured value: after <paramref name="Step"/> trees or iterations.</summary>
internal sealed record CurvePoint(int Step, string Metric, double Value);

/// <summary>
/// Quality as training goes on, measured, not reported by the trainer. A tree ensemble of one predictor is measured prefix by prefix, which costs one pass over
/// the rows; the others are fitted again with fewer iterations, at about ten points, and only when the data is small.
/// </summary>
internal sealed class LearningCurve(ModelTraining training, TrainingRequest request)
{
    private const int MeasuredRowsMax = 20_000;
    private const int RefitRowsMax = 50_000;
    private const int RefitPoints = 10;

    public IReadOnlyList<CurvePoint> Measure(Table train, Table? validation) => training.Stoppable(() => MeasureNow(train, validation));

    private List<CurvePoint> MeasureNow(Table train, Table? validation)
    {
        var sets = new List<(string Name, Table Rows)> { ("train", First(train)) };
        if (validation is { Rows.Count: > 0 })
        {
            sets.Add(("validation", First(validation)));
        }

        if (training.Fitted.Predictor.Ensemble is { } ensemble)
        {
            return [.. sets.SelectMany(s => Prefixes(s.Name, s.Rows, ensemble))];
        }

        return train.Rows.Count <= RefitRowsMax ? Refits(train, sets) : [];
    }

    private IEnumerable<CurvePoint> Prefixes(string set, Table table, ModelTraining.TreeEnsemble ensemble)
    {
        var view = training.Featurize(table);
        var rows = view.GetColumn<float[]>(Names.Features).ToList();
        var labels = request.Task == LearningTask.Binary ? view.GetColumn<bool>(Names.Label).ToArray() : [];
        var numbers = request.Task == LearningTask.Regression ? view.GetColumn<float>(Names.Label).Select(n => (double)n).ToList() : [];
        var sums = new double[rows.Count];
        for (var t = 0; t < ensemble.Trees.Count; t++)
        {
            training.Stop.ThrowIfCancellationRequested();
            var tree = ensemble.Trees[t];
            for (var i = 0; i < rows.Count; i++)
            {
                sums[i] += ensemble.Weights[t] * Leaf(tree, rows[i]);
            }

            var scale = ensemble.ScaleOf(t + 1);
            var scores = Array.ConvertAll(sums, s => ensemble.Bias + (s * scale));
            if (request.Task == LearningTask.Regression)
            {
                yield return new CurvePoint(t + 1, set + "_rmse", Evaluation.Regression(numbers, scores).Metrics["rmse"]);
                continue;
            }

            if (BinaryClassificationMetrics.RocAucOf(labels, scores) is { } auc)
            {
                yield return new CurvePoint(t + 1, set + "_auc", auc);
            }

            if (ensemble.Calibrator is { } calibrator)
            {
                var probabilities = Array.ConvertAll(scores, s => 1 / (1 + Math.Exp((calibrator.Slope * s) + calibrator.Offset)));
                yield return new CurvePoint(t + 1, set + "_log_loss", BinaryClassificationMetrics.LogLossOf(labels, probabilities) ?? 0);
            }
        }
    }

    private List<CurvePoint> Refits(Table train, List<(string Name, Table Rows)> sets)
    {
        var isTree = request.Trainer is Trainer.FastTree or Trainer.FastForest;
        var last = isTree ? request.Trees : request.Iterations;
        var steps = Enumerable.Range(0, RefitPoints).Select(i => (int)Math.Round(Math.Pow(last, i / (RefitPoints - 1.0)))).Distinct();
        var data = training.Featurize(train);
        var points = new List<CurvePoint>();
        foreach (var step in steps)
        {
            var predictor = training.Fit(data, isTree ? step : request.Trees, isTree ? request.Iterations : step);
            var model = training.Complete(predictor);
            foreach (var (name, rows) in sets)
            {
                var metrics = model.Evaluate(rows, training.Stop).Metrics;
                points.AddRange(metrics.Where(m => m.Key is "auc" or "log_loss" or "rmse").Select(m => new CurvePoint(step, $"{name}_{m.Key}", m.Value)));
            }
        }

        return points;
    }

    private static double Leaf(RegressionTreeBase tree, float[] row)
    {
        if (tree.NumberOfNodes == 0)
        {
            return tree.LeafValues[0];
        }

        var node = 0;
        while (node >= 0)
        {
            node = row[tree.NumericalSplitFeatureIndexes[node]] <= tree.NumericalSplitThresholds[node] ? tree.LeftChild[node] : tree.RightChild[node];
        }

        return tree.LeafValues[~node];
    }

    private static Table First(Table table) => table.Rows.Count <= MeasuredRowsMax ? table : new Table(table.Columns, [.. table.Rows.Take(MeasuredRowsMax)]);
}
