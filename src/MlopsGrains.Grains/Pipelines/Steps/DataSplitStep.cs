using System.Globalization;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary><c>data/split</c>: seeded split into train, test and, if asked for, validation rows.</summary>
internal sealed class DataSplitStep : IStepExecutor
{
    private static readonly string[] PartNames = ["train", "test", "validation"];

    public StepKind Kind { get; } = new(
        "data/split", ["data", "test", "validation", "seed", "stratify"], ["train", "train_rows", "test", "test_rows", "validation", "validation_rows"]);

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var test = context.With.Number("test", 0.25);
        var validation = context.With.Number("validation", 0);
        if (test <= 0 || validation < 0 || test + validation >= 1)
        {
            throw MlopsException.Invalid("with.test", $"with.test is {test} and with.validation {validation}; test must be above 0 and both together below 1.");
        }

        var table = await StepData.ReadTable(context, "data", cancellationToken);
        int? stratify = context.With.TextOrNull("stratify") is { } column ? table.Index("with.stratify", column) : null;
        var parts = await StepContext.Compute(() => table.Split(context.With.WholeOrNull("seed") ?? 0, stratify, test, validation));
        var outputs = new List<(string, string)>();
        foreach (var (name, part) in PartNames.Zip(parts))
        {
            if (part.Rows.Count == 0)
            {
                if (name == "validation" && validation == 0)
                {
                    continue;
                }

                throw MlopsException.Invalid("with.test", $"The {name} part has no rows: the data has only {table.Rows.Count}.");
            }

            var blob = await StepData.WriteTable(context, part, cancellationToken);
            outputs.Add((name, blob.Digest));
            outputs.Add((name + "_rows", part.Rows.Count.ToString(CultureInfo.InvariantCulture)));
            context.Log($"{name}: {part.Rows.Count} rows, SHA-256 {blob.Digest}");
        }

        return StepContext.Succeeded([.. outputs]);
    }
}
