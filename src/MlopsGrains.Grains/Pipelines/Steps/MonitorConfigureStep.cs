using System.Globalization;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Grains.Pipelines.Inputs;
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
    private static readonly MonitorRules Standard = new("");

    public StepKind Kind { get; } = new(
        "monitor/configure",
        [
            new("deployment", StepInputType.Name, "The deployment to watch.", Required: true),
            new("reference", StepInputType.Digest, "The rows that its model learned from, a CSV.", Required: true),
            new("features", StepInputType.Texts, "The columns to watch; left out: every input of the model."),
            new("window_rows", StepInputType.WholeNumber, "A window closes at this many rows; left out: by time only.", Min: MonitorLimits.WindowRowsMin, Max: MonitorLimits.WindowRowsMax),
            new("window_seconds", StepInputType.WholeNumber, "A window closes after this time.", Default: Text(Standard.WindowSeconds), Min: 1, Max: MonitorLimits.WindowSecondsMax),
            new("alpha", StepInputType.Number, "The rate of false alarms over all features.", Default: Text(Standard.Alpha), Min: 0, Max: MonitorRulesCheck.AlphaMax, MinExcluded: true),
            new("effect_floor", StepInputType.Number, "The smallest Jensen–Shannon distance that counts.", Default: Text(Standard.EffectFloor), Min: 0, Max: 1),
            new("raise_after", StepInputType.WholeNumber, "Drift in this many of the last three windows raises the alert.", Default: Text(Standard.RaiseAfter), Min: 1, Max: MonitorLimits.RaiseAfterMax),
            new("pipeline", StepInputType.Name, "The pipeline that an alert starts; left out: this one, if its triggers name the deployment."),
        ],
        ["deployment", "generation"],
        "Watches a deployment's traffic for drift.");

    public IEnumerable<Right> Rights(StepInputs with) =>
        with.TextOrNull("pipeline") is { } pipeline ? [.. OfDeployment(with.Text("deployment")), new Right.On(PermissionLevel.Use, PermissionKind.Pipeline, pipeline)] : OfDeployment(with.Text("deployment"));

    public async Task<StepResult> Run(StepContext context, CancellationToken cancellationToken)
    {
        var with = context.With;
        var name = with.Text("deployment");
        var rules = new MonitorRules(with.Text("reference")) with
        {
            Features = with.Texts("features") is { Count: > 0 } features ? features : null,
            WindowRows = (int?)with.WholeOrNull("window_rows"),
            WindowSeconds = with.Whole("window_seconds"),
            Alpha = with.Number("alpha"),
            EffectFloor = with.Number("effect_floor"),
            RaiseAfter = with.Whole("raise_after"),
            Pipeline = with.TextOrNull("pipeline") ?? (context.AlertTriggers.Contains(name) ? context.Pipeline : null),
        };
        var status = await context.Grains.GetGrain<IMonitorGrain>(name).Configure(rules, cancellationToken);
        context.Log($"Monitor of {name}: {status.ReferenceRows} reference rows, an alert starts {rules.Pipeline ?? "nothing"}");
        return StepContext.Succeeded(("deployment", name), ("generation", status.Generation.ToString(CultureInfo.InvariantCulture)));
    }

    private static IEnumerable<Right> OfDeployment(string name) =>
        [new Right.On(PermissionLevel.Edit, PermissionKind.Monitor, name, OrCreates: true), new Right.On(PermissionLevel.Read, PermissionKind.Deployment, name)];

    private static string Text(IFormattable n) => n.ToString(null, CultureInfo.InvariantCulture);
}
