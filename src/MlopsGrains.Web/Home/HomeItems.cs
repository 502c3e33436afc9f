using MlopsGrains.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Experiments;
using MlopsGrains.Models;
using MlopsGrains.Monitoring;
using MlopsGrains.Pipelines;
using MlopsGrains.Web.Formats;
using MlopsGrains.Web.Pages;
using MlopsGrains.Web.Parts;

namespace MlopsGrains.Web.Home;

/// <summary>One thing on the first page: what it is, and where it leads.</summary>
/// <param name="Look">Its state.</param>
/// <param name="Text">What is said of it.</param>
/// <param name="Name">Of the thing, behind the text.</param>
/// <param name="About">More on it.</param>
/// <param name="At">Since when.</param>
/// <param name="Href">Its page.</param>
public sealed record HomeItem(StatusLook Look, string Text, string Name, string About, DateTimeOffset At, string Href);

/// <summary>What the first page lists, from what the API answered.</summary>
internal static class HomeItems
{
    /// <summary>What waits for a person: open alerts, pipelines whose newest run failed, runs that failed since <paramref name="since"/>; newest first.</summary>
    public static IReadOnlyList<HomeItem> NeedsYou(IEnumerable<MonitorStatus> monitors, IEnumerable<PipelineRun> pipelineRuns, IEnumerable<Run> failed, DateTimeOffset since) =>
    [
        .. monitors.Where(m => m.OpenAlert is not null).Select(Alert)
            .Concat(pipelineRuns.GroupBy(r => r.Pipeline).Select(g => g.MaxBy(r => r.StartedAt)!).Where(r => r.Status == PipelineRunStatus.Failed && r.EndedAt >= since).Select(Failed))
            .Concat(failed.Where(r => r.Info.EndTime >= since.ToUnixTimeMilliseconds()).Select(Failed))
            .OrderByDescending(i => i.At),
    ];

    /// <summary>What is new in the installation, newest first.</summary>
    public static IReadOnlyList<HomeItem> Changed(IEnumerable<ModelVersion> models, IEnumerable<Dataset> datasets, IEnumerable<Deployment> deployments, IEnumerable<PipelineRun> pipelineRuns) =>
    [
        .. models.Select(v => new HomeItem(new("ok", "ok", "registered"), "Registered", $"{v.Model} v{Number(v.Version)}", v.CreatedBy, v.CreatedAt, $"/models/{Uri.EscapeDataString(v.Model)}/{Number(v.Version)}"))
            .Concat(datasets.SelectMany(d => d.Versions.TakeLast(2).Select(v => new HomeItem(new("ok", "ok", "added"), "Added", $"{d.Name} v{Number(v.Version)}", $"{Shown.Count(v.Rows)} rows", v.CreatedAt, $"/datasets/{Uri.EscapeDataString(d.Name)}/{Number(v.Version)}"))))
            .Concat(deployments.Where(d => d.Revisions.Count > 0).Select(Deployed))
            .Concat(pipelineRuns.Where(r => r.EndedAt is not null).Select(r => new HomeItem(Pipelines.PipelineLook.Of(r.Status), "Pipeline run of", r.Pipeline, Pipelines.PipelineLook.Of(r.Status).Word, r.EndedAt!.Value, $"/pipeline-runs/{r.PipelineRunId}")))
            .OrderByDescending(i => i.At),
    ];

    private static HomeItem Alert(MonitorStatus monitor)
    {
        var alert = monitor.OpenAlert!;
        var started = alert.StartedPipelineRun is { } run ? $" · started pipeline run {Shown.Short(run)}" : "";
        return new HomeItem(
            new("bad", "bad", "drift"), $"{alert.Features.Count} {(alert.Features.Count == 1 ? "feature" : "features")} drifted on", monitor.Deployment,
            string.Join(", ", alert.Features.Take(3).Select(f => Shown.Name(f, 24))) + started, alert.RaisedAt, PageAddress.Of("/inbox", ("m", monitor.Deployment), ("id", alert.AlertId)));
    }

    private static HomeItem Failed(PipelineRun run) => new(
        Pipelines.PipelineLook.Of(run.Status), "Pipeline failed:", run.Pipeline, Shown.Name(run.Reason ?? "", 120), run.EndedAt!.Value, $"/pipeline-runs/{run.PipelineRunId}");

    private static HomeItem Failed(Run run) => new(
        StatusLook.Of(run.Info.Status), "Run failed:", run.Info.RunName, run.Metrics.MaxBy(m => m.Timestamp) is { } last ? $"last {Shown.Name(last.Key, 24)} {Shown.Metric(last.Value)} at step {Shown.Count(last.Step)}" : "no metric was logged",
        DateTimeOffset.FromUnixTimeMilliseconds(run.Info.EndTime ?? run.Info.StartTime), $"/runs/{run.Info.RunId}");

    private static HomeItem Deployed(Deployment deployment)
    {
        var newest = deployment.Revisions[^1];
        return new HomeItem(
            new("ok", "ok", "deployed"), "Deployed", $"{newest.Model} v{Number(newest.ModelVersion)}", $"revision {Number(newest.Number)} of {Shown.Name(deployment.Name, 40)}", newest.CreatedAt, $"/deployments/{Uri.EscapeDataString(deployment.Name)}");
    }

    private static string Number(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
