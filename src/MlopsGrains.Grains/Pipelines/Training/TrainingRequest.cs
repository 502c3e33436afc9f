using System.Text.Json;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Training;

internal enum LearningTask
{
    Binary,
    Multiclass,
    Regression,
}

internal enum Trainer
{
    FastTree,
    FastForest,
    LogisticRegression,
    Sdca,
}

/// <summary>What to learn and how; the same request over the same data gives the same model.</summary>
internal sealed record TrainingRequest(
    LearningTask Task,
    Trainer Trainer,
    string Label,
    string? Positive,
    IReadOnlyList<string> Features,
    long Seed,
    int Threads,
    int Trees,
    int Leaves,
    int RowsPerLeafMin,
    double LearningRate,
    int Iterations,
    double L1,
    double? L2)
{
    private static readonly Dictionary<string, LearningTask> Tasks = new() { ["binary"] = LearningTask.Binary, ["multiclass"] = LearningTask.Multiclass, ["regression"] = LearningTask.Regression };

    private static readonly Dictionary<string, Trainer> Trainers = new()
    {
        ["fast-tree"] = Trainer.FastTree,
        ["fast-forest"] = Trainer.FastForest,
        ["logistic-regression"] = Trainer.LogisticRegression,
        ["sdca"] = Trainer.Sdca,
    };

    /// <summary>Inputs that say what to learn; they are the same for training and for measuring.</summary>
    public static IReadOnlyList<StepInput> LearningInputs { get; } =
    [
        new("task", StepInputType.Text, "What to learn.", Default: "binary", Choices: [.. Tasks.Keys]),
        new("label", StepInputType.Text, "The column to learn.", Required: true),
        new("positive", StepInputType.Text, "The value of the label that counts as positive, as it stands in the data.", RequiredWhen: new("task", "binary")),
    ];

    /// <summary>All inputs that this reads.</summary>
    public static IReadOnlyList<StepInput> Inputs { get; } =
    [
        .. LearningInputs,
        new("trainer", StepInputType.Text, "How to learn; `logistic-regression` is not for regression.", Required: true, Choices: [.. Trainers.Keys]),
        new("features", StepInputType.Texts, "The columns to learn from; left out: all but the label."),
        new("seed", StepInputType.WholeNumber, "Same data, same inputs: same predictions.", Default: "0"),
        new("trees", StepInputType.WholeNumber, "Trees (both tree trainers).", Default: "100", Min: 1, Max: 2_000),
        new("leaves", StepInputType.WholeNumber, "Most leaves of a tree.", Default: "20", Min: 2, Max: 1_000),
        new("min_rows_per_leaf", StepInputType.WholeNumber, "Fewest rows of a leaf; the data needs twice as many.", Default: "10", Min: 1, Max: 100_000),
        new("learning_rate", StepInputType.Number, "How much of each tree counts (`fast-tree`).", Default: "0.2", Min: 1e-6, Max: 10),
        new("iterations", StepInputType.WholeNumber, "Most passes over the data (both linear trainers).", Default: "100", Min: 1, Max: 10_000),
        new("l1", StepInputType.Number, "L1 regularization (both linear trainers).", Default: "0", Min: 0, Max: 1e6),
        new("l2", StepInputType.Number, "L2 regularization; left out: 1 for `logistic-regression`, chosen from the data for `sdca`.", Min: 0, Max: 1e6),
    ];

    public string TrainerName => Trainers.First(t => t.Value == Trainer).Key;

    public static string NameOf(LearningTask task) => Tasks.First(t => t.Value == task).Key;

    public static LearningTask ReadTask(StepInputs with) => Tasks[with.Text("task")];

    /// <summary>The task, when it is known already.</summary>
    public static LearningTask? KnownTask(StepInputs with) =>
        with.Find("task") is { ValueKind: JsonValueKind.String } text && Tasks.TryGetValue(text.GetString()!, out var task) ? task : null;

    public static IEnumerable<StepFault> Faults(StepCheck check)
    {
        if (KnownTask(check.With) == LearningTask.Regression && check.With.TextOrNull("trainer") == "logistic-regression")
        {
            yield return new StepFault("trainer", "trainer is logistic-regression, which is not for the task regression; expected fast-tree, fast-forest or sdca");
        }
    }

    public static TrainingRequest Read(StepInputs with, int threads)
    {
        var task = ReadTask(with);
        return new TrainingRequest(
            task,
            Trainers[with.Text("trainer")],
            with.Text("label"),
            task == LearningTask.Binary ? with.Text("positive") : null,
            with.Texts("features"),
            with.WholeOrNull("seed")!.Value,
            threads,
            with.Whole("trees"),
            with.Whole("leaves"),
            with.Whole("min_rows_per_leaf"),
            with.Number("learning_rate"),
            with.Whole("iterations"),
            with.Number("l1"),
            with.NumberOrNull("l2"));
    }

    /// <summary>The hyper-parameters that this trainer uses, as params of the tracked run.</summary>
    public IEnumerable<(string Key, FormattableString Value)> Params()
    {
        yield return ("trainer", $"{TrainerName}");
        yield return ("task", $"{NameOf(Task)}");
        yield return ("label", $"{Label}");
        yield return ("seed", $"{Seed}");
        if (Trainer is Trainer.FastTree or Trainer.FastForest)
        {
            yield return ("trees", $"{Trees}");
            yield return ("leaves", $"{Leaves}");
            yield return ("min_rows_per_leaf", $"{RowsPerLeafMin}");
            if (Trainer == Trainer.FastTree)
            {
                yield return ("learning_rate", $"{LearningRate}");
            }
        }
        else
        {
            yield return ("iterations", $"{Iterations}");
            yield return ("l1", $"{L1}");
            if (L2 is not null || Trainer == Trainer.LogisticRegression)
            {
                yield return ("l2", $"{L2 ?? 1}");
            }
        }
    }
}
