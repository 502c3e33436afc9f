using System.Globalization;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary><c>data/split</c>: seeded split into train, test and, if asked for, validation rows.</summary>
internal sealed class DataSplitStep : IStepExecutor
{
    private static readonly string[] PartNames = ["train", "test", "validation"];

    public StepKind Kind { get; } = new(
        "data/split",
        [
            new("data", StepInputType.Digest, "The rows, a CSV.", Required: true),
            new("test", StepInputType.Number, "The share of rows to test on.", Default: "0.25", Min: 0, Max: 1, MinExcluded: true, MaxExcluded: true),
            new("validation", StepInputType.Number, "The share of rows to validate on; with the test share below 1.", Default: "0", Min: 0, Max: 1, MaxExcluded: true),
            new("seed", StepInputType.WholeNumber, "The same seed gives the same parts.", Default: "0"),
            new("stratify", StepInputType.Text, "A column whose values all parts hold in the same shares, such as the label."),
        ],
        ["train", "train_rows", "test", "test_rows", "validation", "validation_rows"],
        "Splits rows by a seed into train, test and, if asked for, validation.");

    public IEnumerable<StepFault> Faults(StepCheck check)
    {
        if (check.With.NumberOrNull("test") is { } test && check.With.NumberOrNull("validation") is { } validation && test + validation >= 1)
        {
            yield return new StepFault("validation", string.Create(CultureInfo.InvariantCulture, $"validation is {validation} and test is {test}; both together must be below 1"));
        }
    }

    public IEnumerable<Right> Rights(StepInputs with) =>
        [];

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var (test, validation) = (context.With.Number("test"), context.With.Number("validation"));
        var table = await StepData.ReadTable(context, "data", cancellationToken);
        int? stratify = context.With.TextOrNull("stratify") is { } column ? table.Index("with.stratify", column) : null;
        var parts = await StepContext.Compute(() => table.Split(context.With.WholeOrNull("seed")!.Value, stratify, test, validation));
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
