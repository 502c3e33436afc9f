using MlopsGrains.Pipelines;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Pipelines;

/// <summary>Which step, tab, line and timeline the address of a pipeline run's page asks for.</summary>
/// <param name="Run">As it stands.</param>
/// <param name="Step">The selected one; <see langword="null"/> for the run as a whole.</param>
/// <param name="Tab">Of the panel.</param>
/// <param name="CollapsesWaits">Whether long waits are drawn short.</param>
public sealed record PipelineRunView(PipelineRun Run, PipelineStep? Step, string Tab, bool CollapsesWaits)
{
    public const string WholeRun = "*";

    private static readonly string[] StepTabs = ["log", "why", "data", "attempts"];
    private static readonly string[] RunTabs = ["log", "params", "outputs"];

    /// <summary>A wrong value shows what is usual: the step that went wrong, else the one at work, else the whole run.</summary>
    public static PipelineRunView Of(PipelineRun run, string? step, string? tab, string? waits)
    {
        var selected = step == WholeRun ? null
            : run.Steps.FirstOrDefault(s => s.Name == step)
                ?? run.Steps.FirstOrDefault(s => s.Status is StepStatus.Failed or StepStatus.Rejected)
                ?? run.Steps.FirstOrDefault(s => s.Status == StepStatus.Running);
        var tabs = selected is null ? RunTabs : StepTabs;
        return new PipelineRunView(run, selected, tab is not null && tabs.Contains(tab) ? tab : tabs[0], waits != "0");
    }

    public string Path => $"/pipeline-runs/{Run.PipelineRunId}";

    public string At(string? step, string? tab = null) =>
        PageAddress.Of(Path, ("step", step ?? WholeRun), ("tab", tab is null or "log" ? null : tab), ("waits", CollapsesWaits ? null : "0"));
}
