using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Errors;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Cli.Monitoring;

internal static class MonitorCommands
{
    public static Command Create(CommandSet set) => set.Group("monitors", "Drift monitors.", Status(set), Windows(set), Counts(set), Alerts(set), MonitorRuleCommands.Configure(set), MonitorRuleCommands.BackTest(set));

    public static Argument<string> DeploymentArgument() => new("deployment") { Description = "The deployment that is watched." };

    private static Option<int?> LimitOption() => new("--limit") { Description = $"At most this many, 1–{MonitorLimits.HistoryMax:N0}.", HelpName = "count" };

    private static Command Status(CommandSet set)
    {
        var deployment = new Argument<string?>("deployment") { Description = "The deployment; all monitors when left out.", Arity = ArgumentArity.ZeroOrOne };
        var check = new Option<bool>("--check") { Description = "Exit code 1 when an alert is open or the last window drifted, 6 when there is no verdict yet." };
        return set.Leaf("status", "Shows one monitor, or all.", ["mlops monitors status", "mlops monitors status churn --check"], [deployment, check], async call =>
        {
            if (call.Get(deployment) is not { Length: > 0 } one)
            {
                var all = await call.Client.Monitors.ListAsync(call.Cancel).ToListAsync(call.Cancel);
                call.List(all, "No monitors.",
                    ("DEPLOYMENT", m => m.Deployment),
                    ("LAST", m => m.LastVerdict is { } v ? ValueText.Enum(v.Outcome) : null),
                    ("ALERT", m => m.OpenAlert is { } a ? $"since {ValueText.Time(a.RaisedAt)}" : null),
                    ("ROWS", m => ValueText.Whole(m.TotalRows)),
                    ("OPEN WINDOW", m => $"{m.OpenWindowRows} rows"));
                return call.Get(check) ? all.Select(Judge).DefaultIfEmpty(ExitCode.NoData).Aggregate(Worse) : ExitCode.Passed;
            }

            var status = await call.Client.Monitors.GetAsync(one, call.Cancel);
            call.Show(status,
                ("deployment", status.Deployment),
                ("last window", status.LastVerdict is { } last ? $"{ValueText.Enum(last.Outcome)}, {last.Rows} rows, closed {ValueText.Time(last.ClosedAt)}" : null),
                ("open window", $"{status.OpenWindowRows} rows"),
                ("all rows", ValueText.Whole(status.TotalRows)),
                ("missed rows", status.MissedRows > 0 ? $"{ValueText.Whole(status.MissedRows)}, answered by processes that were killed" : null),
                ("reference", $"{ValueText.Short(status.Rules.ReferenceDigest)}, {status.ReferenceRows} rows, generation {status.Generation}"),
                ("open alert", status.OpenAlert is { } alert ? $"{alert.Message} (since {ValueText.Time(alert.RaisedAt)})" : null),
                ("starts pipeline", status.Rules.Pipeline));
            return call.Get(check) ? Judge(status) : ExitCode.Passed;
        });
    }

    private static Command Windows(CommandSet set)
    {
        var (deployment, limit) = (DeploymentArgument(), LimitOption());
        return set.Leaf("windows", "Lists closed windows, newest first.", ["mlops monitors windows churn", "mlops monitors windows churn --limit 5 --json"], [deployment, limit], async call =>
            call.List(await call.Client.Monitors.WindowsAsync(call.Get(deployment), call.Get(limit), call.Cancel), "No closed windows.",
                ("WINDOW", w => ValueText.Whole(w.Window)),
                ("CLOSED", w => ValueText.Time(w.ClosedAt)),
                ("ROWS", w => ValueText.Whole(w.Rows)),
                ("OUTCOME", w => ValueText.Enum(w.Outcome)),
                ("DRIFTED", w => Names(w.Features.Where(f => f.Outcome == DriftOutcome.Drift).Select(f => $"{f.Feature} ({ValueText.Number(f.JensenShannon) ?? "-"})")))));
    }

    private static Command Counts(CommandSet set)
    {
        var deployment = DeploymentArgument();
        var window = new Argument<long>("window") { Description = "The window's number." };
        var feature = new Option<string?>("--feature") { Description = "One feature, bin by bin; all features in sum when left out.", HelpName = "name" };
        return set.Leaf("counts", "Shows how a window's rows and the reference's fall into the bins.", ["mlops monitors counts churn 12", "mlops monitors counts churn 12 --feature age"], [deployment, window, feature], async call =>
        {
            var counts = await call.Client.Monitors.CountsAsync(call.Get(deployment), call.Get(window), call.Cancel);
            if (call.Get(feature) is not { Length: > 0 } name)
            {
                return call.List(counts.Features, "No features.",
                    ("FEATURE", f => f.Feature),
                    ("KIND", f => f.Edges is null ? "text" : "number"),
                    ("BINS", f => ValueText.Whole(f.Edges is { } edges ? edges.Count - 1 : f.Categories?.Count ?? 0)),
                    ("REFERENCE", f => ValueText.Whole(f.Reference.Sum())),
                    ("WINDOW", f => ValueText.Whole(f.Window.Sum())));
            }

            var found = counts.Features.FirstOrDefault(f => f.Feature == name) ?? throw MlopsException.NotFound("Feature", name);
            return call.List(Bins(found), "No bins.", ("BIN", b => b.Name), ("REFERENCE", b => ValueText.Whole(b.Reference)), ("WINDOW", b => ValueText.Whole(b.Window)));
        });
    }

    /// <summary>The bins by name, in the order of their counts.</summary>
    private static IReadOnlyList<FeatureBin> Bins(FeatureCounts feature)
    {
        string[] names = feature.Edges is { } edges
            ? [.. edges.Zip(edges.Skip(1), (from, to) => $"{ValueText.Number(from)} – {ValueText.Number(to)}"), "below", "above", "missing", "not finite"]
            : [.. feature.Categories ?? [], "(other)", "(new)", "(missing)"];
        return [.. names.Select((name, i) => new FeatureBin(name, feature.Reference[i], feature.Window[i]))];
    }

    private static Command Alerts(CommandSet set)
    {
        var (deployment, limit) = (DeploymentArgument(), LimitOption());
        return set.Leaf("alerts", "Lists alerts, newest first.", ["mlops monitors alerts churn", "mlops monitors alerts churn --json"], [deployment, limit], async call =>
            call.List(await call.Client.Monitors.AlertsAsync(call.Get(deployment), call.Get(limit), call.Cancel), "No alerts.",
                ("ID", a => a.AlertId),
                ("RAISED", a => ValueText.Time(a.RaisedAt)),
                ("CLOSED", a => ValueText.Time(a.ClosedAt)),
                ("FEATURES", a => Names(a.Features)),
                ("STARTED", a => a.StartedPipelineRun),
                ("MESSAGE", a => a.Message)));
    }

    public static string? Names(IEnumerable<string> names)
    {
        var text = string.Join(", ", names);
        return text.Length == 0 ? null : text;
    }

    private static int Judge(MonitorStatus status) => status switch
    {
        { OpenAlert: not null } or { LastVerdict.Outcome: DriftOutcome.Drift } => ExitCode.GateFailed,
        { LastVerdict: null } or { LastVerdict.Outcome: DriftOutcome.NotEnoughData } => ExitCode.NoData,
        _ => ExitCode.Passed,
    };

    /// <summary>Drift anywhere wins over missing data, which wins over all well.</summary>
    private static int Worse(int left, int right) =>
        left == ExitCode.GateFailed || right == ExitCode.GateFailed ? ExitCode.GateFailed : Math.Max(left, right);

    private sealed record FeatureBin(string Name, long Reference, long Window);
}
