using System.Globalization;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>
/// <c>monitor/configure</c>: watches a deployment against the rows that its model learned from. An alert starts the pipeline that <c>pipeline</c> names; without
/// it, this one if its triggers name the deployment.
/// </summary>
internal sealed class MonitorConfigureStep : IStepExecutor
{
    public StepKind Kind { get; } = new(
        "monitor/configure",
        ["deployment", "reference", "features", "window_rows", "window_seconds", "alpha", "effect_floor", "raise_after", "pipeline"],
        ["deployment", "generation"]);

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var with = context.With;
        var name = Names.Check("with.deployment", with.Text("deployment"));
        var standard = new MonitorRules(Names.CheckDigest("with.reference", with.Text("reference")));
        var rules = standard with
        {
            Features = with.Texts("features") is { Count: > 0 } features ? features : null,
            WindowRows = with.Find("window_rows") is null ? null : with.Whole("window_rows", 0, 100, 100_000_000),
            WindowSeconds = with.Whole("window_seconds", standard.WindowSeconds, 1, 31_536_000),
            Alpha = with.Number("alpha", standard.Alpha),
            EffectFloor = with.Number("effect_floor", standard.EffectFloor),
            RaiseAfter = with.Whole("raise_after", standard.RaiseAfter, 1, 3),
            Pipeline = with.TextOrNull("pipeline") ?? (context.AlertTriggers.Contains(name) ? context.Pipeline : null),
        };
        var status = await context.Grains.GetGrain<IMonitorGrain>(name).Configure(rules, cancellationToken);
        context.Log($"Monitor of {name}: {status.ReferenceRows} reference rows, an alert starts {rules.Pipeline ?? "nothing"}");
        return StepContext.Succeeded(("deployment", name), ("generation", status.Generation.ToString(CultureInfo.InvariantCulture)));
    }
}
