using System.Globalization;
using MlopsGrains.Data;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary><c>dataset/load</c>: pins a dataset version, so that everything after it works on the same bytes.</summary>
internal sealed class DatasetLoadStep : IStepExecutor
{
    public StepKind Kind { get; } = new("dataset/load", ["dataset", "version"], ["dataset", "version", "digest", "rows"]);

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var name = Names.Check("with.dataset", context.With.Text("dataset"));
        var reference = context.With.TextOrNull("version") ?? "latest";
        int? number = reference == "latest" ? null
            : int.TryParse(reference, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n
            : throw MlopsException.Invalid("with.version", $"with.version is '{reference}'; expected a number or latest.");
        var version = await context.Grains.GetGrain<IDatasetGrain>(name).GetVersion(number, cancellationToken);
        context.Log($"Dataset {name}, version {version.Version}: {version.Rows} rows, {version.Columns.Count} columns, SHA-256 {version.Digest}");
        return StepContext.Succeeded(("dataset", name), ("version", Text(version.Version)), ("digest", version.Digest), ("rows", Text(version.Rows)));
    }

    private static string Text(long n) => n.ToString(CultureInfo.InvariantCulture);
}
