using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Trainers.FastTree;
using Microsoft.ML.Transforms;
using MlopsGrains.Errors;
using static MlopsGrains.Grains.Pipelines.Training.TableView;

namespace MlopsGrains.Grains.Pipelines.Training;

/// <summary>Fits one model with ML.NET. Same data, same request: same model.</summary>
internal sealed partial class ModelTraining
{
    private const int CategoriesMax = 1_000;
    private const int ShareFeaturesMin = 10;
    private const string MarkOfMlNet = "ML_IsMarked";

    private readonly MLContext ml;
    private readonly TrainingRequest request;
    private readonly IReadOnlyList<FeatureColumn> features;
    private readonly string? negative;
    private readonly ValueToKeyMappingTransformer? labelKeys;
    private readonly CancellationToken stop;

    /// <exception cref="OperationCanceledException">Training was told to stop, and did.</exception>
    public ModelTraining(Table train, TrainingRequest request, CancellationToken stop)
    {
        this.request = request;
        this.stop = stop;
        ml = new MLContext(checked((int)(request.Seed & int.MaxValue)));
        CheckRows(train);
        features = ChooseFeatures(train);
        if (request.Task == LearningTask.Binary)
        {
            negative = Negative(train);
        }

        if (request.Task == LearningTask.Multiclass)
        {
            CheckClasses(train);
            labelKeys = Stoppable(() => ml.Transforms.Conversion.MapValueToKey(Names.Label, keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue).Fit(Labelled(train)));
        }

        var view = View(train);
        var featurizer = Stoppable(() => Featurizer(train).Fit(view));
        var featurized = featurizer.Transform(view);
        var predictor = Fit(featurized, request.Trees, request.Iterations);
        Curve = new LearningCurve(this, request);
        Fitted = (featurizer, predictor);
        Model = Complete(predictor);
    }

    public TrainedModel Model { get; }

    public LearningCurve Curve { get; }

    internal (ITransformer Featurizer, Predictor Predictor) Fitted { get; }

    internal IDataView Featurize(Table table) => Fitted.Featurizer.Transform(View(table));

    private IDataView View(Table table) => labelKeys is null ? Labelled(table) : labelKeys.Transform(Labelled(table));

    private TableView Labelled(Table table) => TableView.Of(table, features.Select(f => (f.Name, f.Type)), TrainedModel.LabelOf(table, request.Task, request.Label, request.Positive), stop);

    /// <summary>
    /// Work of ML.NET that ends soon after it is told to stop: its trainers look at the context between iterations, and reading a table looks at the token, so
    /// that a trainer which begins in the very moment is stopped too.
    /// </summary>
    internal T Stoppable<T>(Func<T> work)
    {
        stop.ThrowIfCancellationRequested();
        using var registration = stop.Register(() => CancelExecution(ml));
        try
        {
            return work();
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            throw new OperationCanceledException(stop);
        }
        catch (Exception e) when (e.Data.Contains(MarkOfMlNet))
        {
            // ML.NET refuses data, not code, with the exceptions that it marks.
            throw MlopsException.Invalid("with.train", $"{request.TrainerName} cannot learn from this data. ML.NET says: {ParameterName().Replace(e.Message, "")}");
        }
    }

    [GeneratedRegex(@" \(Parameter '[^']*'\)")]
    private static partial Regex ParameterName();

    internal CancellationToken Stop => stop;

    // ML.NET shows this to its own AutoML only.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "CancelExecution")]
    private static extern void CancelExecution(MLContext context);

    /// <summary>The predictor with what stands before it, as one model that takes the feature columns.</summary>
    internal TrainedModel Complete(Predictor predictor)
    {
        var inputs = TableView.Of(new Table([.. features.Select(f => f.Name)], []), features.Select(f => (f.Name, f.Type))).Schema;
        var booleans = features.Where(f => f.IsBoolean).Select(f => f.Name).ToList();
        return new TrainedModel(ml, new TransformerChain<ITransformer>(Fitted.Featurizer, predictor.Chain), inputs, request.Task, request.Label, request.Positive, negative, booleans);
    }

    /// <summary>The trained part, with what the curve needs to look inside.</summary>
    /// <param name="Chain">Features to scores.</param>
    /// <param name="Ensemble">Trees with their weights and the calibrator, when there are any.</param>
    internal sealed record Predictor(ITransformer Chain, TreeEnsemble? Ensemble);

    /// <param name="Trees">In the order of training.</param>
    /// <param name="Weights">One a tree.</param>
    /// <param name="Bias">Added to the sum.</param>
    /// <param name="Calibrator">Score to probability.</param>
    /// <param name="ScaleOf">What makes the sum of the first trees a score: boosted trees add up, a forest's score is their mean or, for two classes, as large as the whole sum.</param>
    internal sealed record TreeEnsemble(
        IReadOnlyList<RegressionTreeBase> Trees, IReadOnlyList<double> Weights, double Bias, PlattCalibrator? Calibrator, Func<int, double> ScaleOf);

    internal Predictor Fit(IDataView data, int trees, int iterations) => Stoppable(() => FitNow(data, trees, iterations));

    private Predictor FitNow(IDataView data, int trees, int iterations) => (request.Task, request.Trainer) switch
    {
        (LearningTask.Binary, Trainer.FastTree) => BinaryTree(data, trees),
        (LearningTask.Binary, Trainer.FastForest) => BinaryForest(data, trees),
        (LearningTask.Binary, Trainer.LogisticRegression) => new(ml.BinaryClassification.Trainers.LbfgsLogisticRegression(new LbfgsLogisticRegressionBinaryTrainer.Options
            { MaximumNumberOfIterations = iterations, NumberOfThreads = 1, L1Regularization = (float)request.L1, L2Regularization = (float)(request.L2 ?? 1) }).Fit(data), null),
        (LearningTask.Binary, _) => new(
            ml.BinaryClassification.Trainers.SdcaLogisticRegression(new SdcaLogisticRegressionBinaryTrainer.Options
            { MaximumNumberOfIterations = iterations, NumberOfThreads = 1, L1Regularization = SdcaL1, L2Regularization = (float?)request.L2 }).Fit(data),
            null),
        (LearningTask.Multiclass, Trainer.FastTree) => new(ml.MulticlassClassification.Trainers.OneVersusAll(ml.BinaryClassification.Trainers.FastTree(TreeOptions(trees))).Fit(data), null),
        (LearningTask.Multiclass, Trainer.FastForest) => new(ml.MulticlassClassification.Trainers.OneVersusAll(ml.BinaryClassification.Trainers.FastForest(ForestOptions(data, trees))).Fit(data), null),
        (LearningTask.Multiclass, Trainer.LogisticRegression) => new(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(new LbfgsMaximumEntropyMulticlassTrainer.Options
            { MaximumNumberOfIterations = iterations, NumberOfThreads = 1, L1Regularization = (float)request.L1, L2Regularization = (float)(request.L2 ?? 1) }).Fit(data), null),
        (LearningTask.Multiclass, _) => new(
            ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(new SdcaMaximumEntropyMulticlassTrainer.Options
            { MaximumNumberOfIterations = iterations, NumberOfThreads = 1, L1Regularization = SdcaL1, L2Regularization = (float?)request.L2 }).Fit(data),
            null),
        (_, Trainer.FastTree) => RegressionTree(data, trees),
        (_, Trainer.FastForest) => RegressionForest(data, trees),
        _ => new(
            ml.Regression.Trainers.Sdca(new SdcaRegressionTrainer.Options
            { MaximumNumberOfIterations = iterations, NumberOfThreads = 1, L1Regularization = SdcaL1, L2Regularization = (float?)request.L2 }).Fit(data),
            null),
    };

    // Left out, SDCA chooses its regularization from the data.
    private float? SdcaL1 => request.L1 > 0 ? (float)request.L1 : null;

    private Predictor BinaryTree(IDataView data, int trees)
    {
        var fitted = ml.BinaryClassification.Trainers.FastTree(TreeOptions(trees)).Fit(data);
        var ensemble = fitted.Model.SubModel.TrainedTreeEnsemble;
        return new(fitted, new TreeEnsemble(Grown(ensemble.Trees), ensemble.TreeWeights, ensemble.Bias, fitted.Model.Calibrator, static _ => 1));
    }

    private Predictor BinaryForest(IDataView data, int trees)
    {
        // A forest's score is no probability; Platt's scaling on the training rows makes it one.
        var forest = ml.BinaryClassification.Trainers.FastForest(ForestOptions(data, trees)).Fit(data);
        var count = Grown(forest.Model.TrainedTreeEnsemble.Trees).Count;
        var calibrator = ml.BinaryClassification.Calibrators.Platt(Names.Label, "Score").Fit(forest.Transform(data));
        var ensemble = forest.Model.TrainedTreeEnsemble;
        return new(
            new TransformerChain<ITransformer>(forest, calibrator),
            new TreeEnsemble(ensemble.Trees, ensemble.TreeWeights, ensemble.Bias, ((IPredictionTransformer<PlattCalibrator>)calibrator).Model, n => (double)count / n));
    }

    private Predictor RegressionTree(IDataView data, int trees)
    {
        var fitted = ml.Regression.Trainers.FastTree(new FastTreeRegressionTrainer.Options
        {
            NumberOfTrees = trees,
            NumberOfLeaves = request.Leaves,
            MinimumExampleCountPerLeaf = request.RowsPerLeafMin,
            LearningRate = request.LearningRate,
            NumberOfThreads = request.Threads,
        }).Fit(data);
        var ensemble = fitted.Model.TrainedTreeEnsemble;
        return new(fitted, new TreeEnsemble(Grown(ensemble.Trees), ensemble.TreeWeights, ensemble.Bias, null, static _ => 1));
    }

    private Predictor RegressionForest(IDataView data, int trees)
    {
        var fitted = ml.Regression.Trainers.FastForest(new FastForestRegressionTrainer.Options
        {
            NumberOfTrees = trees,
            NumberOfLeaves = request.Leaves,
            MinimumExampleCountPerLeaf = request.RowsPerLeafMin,
            FeatureFraction = FeatureFraction(data),
            NumberOfThreads = request.Threads,
        }).Fit(data);
        var ensemble = fitted.Model.TrainedTreeEnsemble;
        return new(fitted, new TreeEnsemble(Grown(ensemble.Trees), ensemble.TreeWeights, ensemble.Bias, null, static n => 1.0 / n));
    }

    private FastTreeBinaryTrainer.Options TreeOptions(int trees) => new()
    {
        NumberOfTrees = trees,
        NumberOfLeaves = request.Leaves,
        MinimumExampleCountPerLeaf = request.RowsPerLeafMin,
        LearningRate = request.LearningRate,
        NumberOfThreads = request.Threads,
        Seed = ShortSeed,
    };

    private FastForestBinaryTrainer.Options ForestOptions(IDataView data, int trees) => new()
    {
        NumberOfTrees = trees,
        NumberOfLeaves = request.Leaves,
        MinimumExampleCountPerLeaf = request.RowsPerLeafMin,
        FeatureFraction = FeatureFraction(data),
        NumberOfThreads = request.Threads,
        Seed = ShortSeed,
    };

    // Each tree of a forest sees this share of the features; of a few it would often see none, and not grow.
    private static double FeatureFraction(IDataView data) => ((VectorDataViewType)data.Schema[Names.Features].Type).Size < ShareFeaturesMin ? 1 : 0.7;

    private IReadOnlyList<RegressionTreeBase> Grown(IReadOnlyList<RegressionTreeBase> trees) => trees.Count > 0 ? trees
        : throw MlopsException.Invalid(
            "with.min_rows_per_leaf", $"No tree could grow: no split of the features leaves {request.RowsPerLeafMin} rows on both sides. Give more rows, a smaller min_rows_per_leaf, or features that vary.");

    private int ShortSeed => (int)(request.Seed & int.MaxValue);

    private EstimatorChain<ITransformer> Featurizer(Table train)
    {
        var chain = new EstimatorChain<ITransformer>();
        var (inputs, gaps) = (new List<string>(), new List<string>());
        foreach (var (name, type, _) in features)
        {
            var encoded = name + "#";
            if (type is TextDataViewType)
            {
                chain = chain.Append<ITransformer>(ml.Transforms.Categorical.OneHotEncoding(encoded, name, maximumNumberOfKeys: CategoriesMax));
                inputs.Add(encoded);
                continue;
            }

            var number = name;
            if (type == NumberDataViewType.Double)
            {
                // Where it lies in its range is kept to one part in 16 million; the number itself would lose what tells its values apart.
                chain = chain
                    .Append<ITransformer>(ml.Transforms.NormalizeMinMax(encoded, name, fixZero: false))
                    .Append<ITransformer>(ml.Transforms.Conversion.ConvertType(encoded, outputKind: DataKind.Single));
                number = encoded;
            }

            inputs.Add(number);
            if (train.HasGaps(train.Index("with.features", name)))
            {
                gaps.Add(number);
            }
        }

        // A row with a gap would be left out of training. So a gap takes the column's mean, and a feature of its own says that it was one, for it may tell something.
        if (gaps.Count > 0)
        {
            inputs.Add(Names.Gaps);
            chain = chain
                .Append<ITransformer>(ml.Transforms.Concatenate(Names.Gaps, [.. gaps]))
                .Append<ITransformer>(ml.Transforms.IndicateMissingValues(Names.Gaps))
                .Append<ITransformer>(ml.Transforms.Conversion.ConvertType(Names.Gaps, outputKind: DataKind.Single));
        }

        chain = chain
            .Append<ITransformer>(ml.Transforms.Concatenate(Names.Features, [.. inputs]))
            .Append<ITransformer>(ml.Transforms.ReplaceMissingValues(Names.Features, replacementMode: MissingValueReplacingEstimator.ReplacementMode.Mean));

        // Trees take values as they are; linear models need scales that do not differ.
        return request.Trainer is Trainer.FastTree or Trainer.FastForest ? chain : chain.Append<ITransformer>(ml.Transforms.NormalizeMeanVariance(Names.Features, fixZero: false));
    }

    private void CheckRows(Table train)
    {
        if (train.Rows.Count == 0)
        {
            throw MlopsException.Invalid("with.train", "The training data has no rows.");
        }

        if (request.Trainer is Trainer.FastTree or Trainer.FastForest && train.Rows.Count < 2 * request.RowsPerLeafMin)
        {
            throw MlopsException.Invalid(
                "with.min_rows_per_leaf",
                $"The training data has {train.Rows.Count} row{(train.Rows.Count == 1 ? "" : "s")}; with min_rows_per_leaf {request.RowsPerLeafMin} a tree needs at least {2 * request.RowsPerLeafMin} to grow. Give more rows or a smaller min_rows_per_leaf.");
        }
    }

    private void CheckClasses(Table train)
    {
        var label = TrainedModel.LabelIndex(train, request.Label);
        if (train.Rows.All(r => r[label] == train.Rows[0][label]))
        {
            throw MlopsException.Invalid("with.label", $"The label '{request.Label}' has one value, '{train.Rows[0][label]}', in the training data; a classifier needs two or more.");
        }
    }

    private List<FeatureColumn> ChooseFeatures(Table train)
    {
        var label = train.Index("with.label", request.Label);
        var names = request.Features.Count > 0 ? request.Features : [.. train.Columns.Where((_, i) => i != label)];
        if (names.Count == 0)
        {
            throw MlopsException.Invalid("with.train", $"The training data has no columns to learn from besides the label '{request.Label}'.");
        }

        return [.. names.Select(name =>
        {
            if (Names.Reserved.Contains(name) || name == request.Label)
            {
                throw MlopsException.Invalid("with.features", $"with.features holds '{name}', which is the label or a name that models use themselves ({string.Join(", ", Names.Reserved)}).");
            }

            return FeatureColumn.Of(train, train.Index("with.features", name));
        })];
    }

    private string Negative(Table train)
    {
        var values = train.Column(TrainedModel.LabelIndex(train, request.Label)).Distinct(StringComparer.Ordinal).ToList();
        if (values.Count != 2 || !values.Contains(request.Positive!))
        {
            throw MlopsException.Invalid(
                "with.positive", $"The label '{request.Label}' must have two values, one of them with.positive '{request.Positive}'; the training data has {string.Join(", ", values.Take(10))}.");
        }

        return values.Single(v => v != request.Positive);
    }
}
