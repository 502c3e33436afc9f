using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Steps;

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
    /// <summary>Keys of <c>with</c> that this reads.</summary>
    public static readonly IReadOnlyList<string> Keys =
        ["task", "trainer", "label", "positive", "features", "seed", "trees", "leaves", "min_rows_per_leaf", "learning_rate", "iterations", "l1", "l2"];

    private static readonly Dictionary<string, LearningTask> Tasks = new() { ["binary"] = LearningTask.Binary, ["multiclass"] = LearningTask.Multiclass, ["regression"] = LearningTask.Regression };

    private static readonly Dictionary<string, Trainer> Trainers = new()
    {
        ["fast-tree"] = Trainer.FastTree,
        ["fast-forest"] = Trainer.FastForest,
        ["logistic-regression"] = Trainer.LogisticRegression,
        ["sdca"] = Trainer.Sdca,
    };

    public string TrainerName => Trainers.First(t => t.Value == Trainer).Key;

    public static LearningTask ReadTask(StepInputs with) => Choose("task", with.TextOrNull("task") ?? "binary", Tasks);

    public static TrainingRequest Read(StepInputs with, int threads)
    {
        var task = ReadTask(with);
        var trainer = Choose("trainer", with.Text("trainer"), Trainers);
        if (task == LearningTask.Regression && trainer == Trainer.LogisticRegression)
        {
            throw MlopsException.Invalid("with.trainer", "with.trainer is logistic-regression, which is not for the task regression; expected fast-tree, fast-forest or sdca.");
        }

        return new TrainingRequest(
            task,
            trainer,
            with.Text("label"),
            task == LearningTask.Binary ? with.Text("positive") : null,
            with.Texts("features"),
            with.WholeOrNull("seed") ?? 0,
            threads,
            with.Whole("trees", 100, 1, 2_000),
            with.Whole("leaves", 20, 2, 1_000),
            with.Whole("min_rows_per_leaf", 10, 1, 100_000),
            Range("learning_rate", with.Number("learning_rate", 0.2), 1e-6, 10),
            with.Whole("iterations", 100, 1, 10_000),
            Range("l1", with.Number("l1", 0), 0, 1e6),
            with.NumberOrNull("l2") is { } l2 ? Range("l2", l2, 0, 1e6) : null);
    }

    /// <summary>The hyper-parameters that this trainer uses, as params of the tracked run.</summary>
    public IEnumerable<(string Key, FormattableString Value)> Params()
    {
        yield return ("trainer", $"{TrainerName}");
        yield return ("task", $"{Tasks.First(t => t.Value == Task).Key}");
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

    private static T Choose<T>(string key, string value, Dictionary<string, T> choices) =>
        choices.TryGetValue(value, out var choice)
            ? choice
            : throw MlopsException.Invalid("with." + key, $"with.{key} is '{value}'; expected one of {string.Join(", ", choices.Keys)}.");

    private static double Range(string key, double value, double min, double max) =>
        value >= min && value <= max ? value : throw MlopsException.Invalid("with." + key, $"with.{key} is {value}; expected {min}–{max}.");
}
