using System.Globalization;
using MlopsGrains.Data;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary><c>dataset/load</c>: pins a dataset version, so that everything after it works on the same bytes.</summary>
internal sealed class DatasetLoadStep : IStepExecutor
{
    public StepKind Kind { get; } = new(
        "dataset/load",
        [
            new("dataset", StepInputType.Name, "The dataset.", Required: true),
            new("version", StepInputType.WholeNumber, "Its version.", Default: "latest", Choices: ["latest"], Min: 1, Max: int.MaxValue),
        ],
        ["dataset", "version", "digest", "rows"],
        "Pins a dataset version, so that everything after it works on the same bytes.");

    public IEnumerable<Right> Rights(StepInputs with) =>
        [new Right.On(PermissionLevel.Read, PermissionKind.Dataset, with.Text("dataset"))];

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var name = Names.Check("with.dataset", context.With.Text("dataset"));
        int? number = context.With.Text("version") == "latest" ? null : context.With.Whole("version");
        var version = await context.Grains.GetGrain<IDatasetGrain>(name).GetVersion(number, cancellationToken);
        context.Log($"Dataset {name}, version {version.Version}: {version.Rows} rows, {version.Columns.Count} columns, SHA-256 {version.Digest}");
        return StepContext.Succeeded(("dataset", name), ("version", Text(version.Version)), ("digest", version.Digest), ("rows", Text(version.Rows)));
    }

    private static string Text(long n) => n.ToString(CultureInfo.InvariantCulture);
}
