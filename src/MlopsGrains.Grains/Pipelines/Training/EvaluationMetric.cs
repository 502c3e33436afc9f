namespace MlopsGrains.Grains.Pipelines.Training;

/// <summary>A metric that evaluation measures.</summary>
/// <param name="Name">As in definitions, gates and runs.</param>
/// <param name="Tasks">The tasks that have it.</param>
/// <param name="LowerIsBetter">Whether a smaller value is a gain.</param>
/// <param name="Summary">What it is.</param>
internal sealed record EvaluationMetric(string Name, IReadOnlyList<LearningTask> Tasks, bool LowerIsBetter, string Summary)
{
    private static readonly LearningTask[] Classification = [LearningTask.Binary, LearningTask.Multiclass];

    public static IReadOnlyList<EvaluationMetric> All { get; } =
    [
        new("auc", [LearningTask.Binary], false, "Area under the ROC curve, 0–1; needs rows of both classes."),
        new("accuracy", Classification, false, "Share of right predictions, 0–1."),
        new("precision", [LearningTask.Binary], false, "Share of right ones among those predicted positive, 0–1."),
        new("recall", [LearningTask.Binary], false, "Share of the positive rows that were found, 0–1."),
        new("f1", Classification, false, "Harmonic mean of precision and recall, 0–1; multiclass: the mean over the classes that occur in the rows or the predictions."),
        new("log_loss", Classification, true, "Mean −ln of the probability given to the true class."),
        new("rmse", [LearningTask.Regression], true, "Root of the mean squared error, in the label's unit."),
        new("mae", [LearningTask.Regression], true, "Mean absolute error, in the label's unit."),
        new("r2", [LearningTask.Regression], false, "Share of the label's variance that is explained; needs labels that differ."),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(m => m.Name)];

    public static IEnumerable<string> NamesOf(LearningTask task) => All.Where(m => m.Tasks.Contains(task)).Select(m => m.Name);

    public static bool IsOf(string name, LearningTask task) => NamesOf(task).Contains(name);

    public static bool IsLowerBetter(string name) => All.Any(m => m.Name == name && m.LowerIsBetter);

    /// <summary>Why a metric that the task has may not be measured; <see langword="null"/> when it always is.</summary>
    public static string? WhyMissing(string name) => name switch
    {
        "auc" => "auc needs rows of both classes; split with stratify: the label.",
        "r2" => "r2 needs labels that differ.",
        _ => null,
    };

    /// <summary>What the best candidate is best in, unless a definition says otherwise.</summary>
    public static string DefaultOf(LearningTask task) => NamesOf(task).First(n => n is "auc" or "rmse" || (n == "accuracy" && task == LearningTask.Multiclass));
}
