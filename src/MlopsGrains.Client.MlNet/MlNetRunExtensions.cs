using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using MlopsGrains.Errors;
using MlopsGrains.Models;

namespace MlopsGrains.Client.MlNet;

/// <summary>Logs what ML.NET makes.</summary>
public static class MlNetRunExtensions
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Logs the numbers, texts and choices of a trainer's options object as params, such as <c>trainer.number_of_trees</c>.</summary>
    /// <param name="run">The run.</param>
    /// <param name="options">Such as <c>FastTreeBinaryTrainer.Options</c>.</param>
    /// <param name="prefix">Before each name.</param>
    public static void LogTrainer(this ActiveRun run, object options, string prefix = "trainer.")
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(options);
        var values = options.GetType().GetFields(BindingFlags.Public | BindingFlags.Instance).Select(f => (f.Name, Value: f.GetValue(options)))
            .Concat(options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0).Select(p => (p.Name, Value: p.GetValue(options))));
        foreach (var (name, value) in values)
        {
            if (Text(value) is { } text)
            {
                run.LogParam(prefix + Word(name), text);
            }
        }
    }

    /// <summary>Logs the steps of a fitted pipeline (<c>pipeline.steps</c>), and the learned model's type and size (<c>model.type</c>, <c>model.number_of_…</c>).</summary>
    public static void LogPipeline(this ActiveRun run, ITransformer model)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(model);
        var steps = Steps(model).ToList();
        run.LogParam("pipeline.steps", string.Join(" > ", steps.Select(s => NameOf(s.GetType()))));
        if (steps.OfType<ISingleFeaturePredictionTransformer<object>>().LastOrDefault()?.Model is not { } learned)
        {
            return;
        }

        // A calibrated model is a wrapper around the learned one.
        learned = learned.GetType().GetProperties().FirstOrDefault(p => p.Name == "SubModel")?.GetValue(learned) ?? learned;
        run.LogParam("model.type", NameOf(learned.GetType()));
        foreach (var property in learned.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0 && p.Name.StartsWith("NumberOf", StringComparison.Ordinal)))
        {
            if (Text(property.GetValue(learned)) is { } text)
            {
                run.LogParam("model." + Word(property.Name), text);
            }
        }
    }

    /// <summary>Logs every number of ML.NET's metrics, such as <c>area_under_roc_curve</c>.</summary>
    /// <param name="run">The run.</param>
    /// <param name="metrics">Such as <see cref="BinaryClassificationMetrics"/>.</param>
    /// <param name="step">Any whole number.</param>
    /// <param name="prefix">Before each name.</param>
    public static void LogEvaluation(this ActiveRun run, object metrics, long step = 0, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(metrics);
        run.LogMetrics(Numbers(metrics).Select(n => KeyValuePair.Create(prefix + n.Key, n.Value)), step);
    }

    /// <summary>
    /// Logs the metrics of each fold (its number is the step), and over all folds <c>…_mean</c> and <c>…_std</c> (the sample's standard deviation; absent for one fold).
    /// </summary>
    public static void LogCrossValidation<TMetrics>(this ActiveRun run, IEnumerable<TrainCatalogBase.CrossValidationResult<TMetrics>> folds, string prefix = "cv_")
        where TMetrics : class
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(folds);
        var measured = new SortedDictionary<string, List<double>>(StringComparer.Ordinal);
        foreach (var fold in folds)
        {
            run.LogEvaluation(fold.Metrics, fold.Fold, prefix);
            foreach (var (name, value) in Numbers(fold.Metrics))
            {
                (measured.TryGetValue(name, out var values) ? values : measured[name] = []).Add(value);
            }
        }

        foreach (var (name, values) in measured)
        {
            var mean = values.Average();
            run.LogMetric($"{prefix}{name}_mean", mean);
            if (values.Count > 1)
            {
                run.LogMetric($"{prefix}{name}_std", Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1)));
            }
        }
    }

    /// <summary>Stores a confusion matrix as JSON: <c>classes</c>, <c>counts</c> (a row for an actual class, a column for a predicted one), and precision and recall of each class.</summary>
    /// <param name="run">The run.</param>
    /// <param name="matrix">From ML.NET's evaluation.</param>
    /// <param name="classes">Names in the matrix's order; their numbers when <see langword="null"/>.</param>
    /// <param name="path">The artifact.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public static async Task LogConfusionMatrixAsync(
        this ActiveRun run, ConfusionMatrix matrix, IReadOnlyList<string>? classes = null, string path = "confusion_matrix.json", CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(matrix);
        if (classes is not null && classes.Count != matrix.NumberOfClasses)
        {
            throw new ArgumentException($"There are {classes.Count} names for {matrix.NumberOfClasses} classes.", nameof(classes));
        }

        var content = new
        {
            Classes = classes ?? [.. Enumerable.Range(0, matrix.NumberOfClasses).Select(c => c.ToString(CultureInfo.InvariantCulture))],
            matrix.Counts,
            Precision = matrix.PerClassPrecision,
            Recall = matrix.PerClassRecall,
        };
        using var stream = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(content, Indented), writable: false);
        await run.LogArtifactAsync(path, stream, cancellationToken);
    }

    /// <summary>Stores a fitted model as <c>&lt;path&gt;/model.zip</c> with its <c>&lt;path&gt;/signature.json</c>, and registers it when it is given a name.</summary>
    /// <param name="run">The run.</param>
    /// <param name="context">What made the model.</param>
    /// <param name="model">The fitted pipeline.</param>
    /// <param name="input">The schema it was fitted on.</param>
    /// <param name="labels">Columns of it that are there in training only.</param>
    /// <param name="classes">Labels' texts (binary: negative, positive; multiclass: in the order of the scores); needed where the model does not name them itself.</param>
    /// <param name="path">Directory in the run's artifacts.</param>
    /// <param name="registerAs">Name of a registered model, created when it is new; not registered when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The registered version, if any.</returns>
    public static async Task<ModelVersion?> LogModelAsync(
        this ActiveRun run,
        MLContext context,
        ITransformer model,
        DataViewSchema input,
        IReadOnlyCollection<string> labels,
        IReadOnlyList<string>? classes = null,
        string path = "model",
        string? registerAs = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(input);
        var output = model.GetOutputSchema(input);
        var signature = TableModel.Signature(Columns(input), Columns(output), TaskOf(output), labels, classes);
        using var signed = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(signature, Indented), writable: false);
        await using var file = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 4096, FileOptions.DeleteOnClose);
        context.Model.Save(model, input, file);
        file.Position = 0;
        await run.LogArtifactAsync($"{path}/model.zip", file, cancellationToken);
        await run.LogArtifactAsync($"{path}/signature.json", signed, cancellationToken);
        if (registerAs is null)
        {
            return null;
        }

        if (run.Info.ExperimentId.Length == 0)
        {
            throw MlopsException.Unavailable($"The model's files wait in the spool with run {run.RunId}; it can be registered as '{registerAs}' when the platform is back.");
        }

        file.Position = 0;
        var blob = await run.Client.Blobs.UploadAsync(file, cancellationToken);
        var lineage = new ModelLineage(run.RunId, run.Info.ExperimentId);
        return await run.Client.Models.AddVersionAsync(registerAs, new NewModelVersion("mlnet", blob, signature, lineage, new Dictionary<string, double>()), cancellationToken);
    }

    private static ModelTask TaskOf(DataViewSchema output) => output.GetColumnOrNull("PredictedLabel")?.Type switch
    {
        null => ModelTask.Regression,
        BooleanDataViewType => ModelTask.Binary,
        _ => output.GetColumnOrNull("Score")?.Type is VectorDataViewType ? ModelTask.Multiclass : ModelTask.Binary,
    };

    private static IEnumerable<ModelColumn> Columns(DataViewSchema schema) =>
        from column in schema
        where !column.IsHidden
        let vector = column.Type as VectorDataViewType
        select new ModelColumn(column.Name, (vector?.ItemType ?? column.Type).RawType, vector is null ? 1 : vector.IsKnownSize ? vector.Size : -1);

    private static IEnumerable<ITransformer> Steps(ITransformer model) =>
        model is IEnumerable<ITransformer> chain ? chain.SelectMany(Steps) : [model];

    private static IEnumerable<KeyValuePair<string, double>> Numbers(object metrics) => metrics.GetType()
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(p => p.PropertyType == typeof(double) && p.GetIndexParameters().Length == 0)
        .Select(p => KeyValuePair.Create(Word(p.Name), (double)p.GetValue(metrics)!));

    private static string? Text(object? value) => value switch
    {
        string text => text,
        bool or Enum => value.ToString(),
        IFormattable number when value.GetType().IsPrimitive => number.ToString(null, CultureInfo.InvariantCulture),
        _ => null,
    };

    private static string Word(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    private static string NameOf(Type type)
    {
        var generic = type.Name.IndexOf('`', StringComparison.Ordinal);
        return generic < 0 ? type.Name : type.Name[..generic];
    }
}
