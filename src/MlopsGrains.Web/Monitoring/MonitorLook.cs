using System.Globalization;
using MlopsGrains.Monitoring;
using MlopsGrains.Web.Formats;
using MlopsGrains.Web.Parts;

namespace MlopsGrains.Web.Monitoring;

/// <summary>How verdicts look, and what pages say of them.</summary>
internal static class MonitorLook
{
    public static StatusLook Of(DriftOutcome outcome) => outcome switch
    {
        DriftOutcome.Drift => new("bad", "bad", "drift"),
        DriftOutcome.NoDrift => new("ok", "ok", "no drift"),
        _ => StatusLook.NoData,
    };

    /// <summary>What the last window says; a monitor whose first window is open has not said anything.</summary>
    public static StatusLook Of(MonitorStatus status) => status.LastVerdict is { } last ? Of(last.Outcome) : new("wait", "idle", "first window is open");

    /// <summary>The verdict in a sentence.</summary>
    public static string Sentence(WindowVerdict window)
    {
        var (drifted, all) = (window.Features.Count(f => f.Outcome == DriftOutcome.Drift), window.Features.Count);
        var number = Shown.Count(window.Window);
        return window.Outcome switch
        {
            DriftOutcome.Drift => $"{drifted} of {all} {(all == 1 ? "feature" : "features")} drifted in window {number}.",
            DriftOutcome.NoDrift => $"{(all == 1 ? "The feature has" : $"None of {all} features has")} drifted in window {number}.",
            _ => $"Window {number} has too few rows to tell: {Shown.Count(window.Rows)}.",
        };
    }

    /// <summary>Largest distance of a feature in a window.</summary>
    public static double? Farthest(WindowVerdict window) => window.Features.Max(f => f.JensenShannon);

    /// <summary>Features by distance, farthest first; those without one last.</summary>
    public static IEnumerable<FeatureDrift> ByDistance(IEnumerable<FeatureDrift> features) =>
        features.OrderByDescending(f => f.Outcome == DriftOutcome.Drift).ThenByDescending(f => f.JensenShannon ?? -1).ThenBy(f => f.Feature, StringComparer.Ordinal);

    /// <summary>When windows close, in words.</summary>
    public static string WindowSize(MonitorRules rules)
    {
        var time = Shown.Duration(TimeSpan.FromSeconds(rules.WindowSeconds));
        return rules.WindowRows is { } rows ? $"{Shown.Count(rows)} rows or {time}" : time;
    }

    /// <summary>From where to where, to the minute; the day only when there are two.</summary>
    public static string Span(WindowVerdict window)
    {
        var (from, to) = (window.OpenedAt.UtcDateTime, window.ClosedAt.UtcDateTime);
        return from.Date == to.Date ? $"{Clock(from)} – {Clock(to)} UTC" : $"{Day(from)} {Clock(from)} – {Day(to)} {Clock(to)} UTC";
    }

    public static string Clock(DateTimeOffset at) => Clock(at.UtcDateTime);

    /// <summary>On an axis: the time, or the day where the axis spans more than one.</summary>
    public static string OnAxis(DateTimeOffset at, bool isLong) => isLong ? $"{Day(at.UtcDateTime)} {Clock(at)}" : Clock(at);

    private static string Clock(DateTime at) => at.ToString("HH:mm", CultureInfo.InvariantCulture);

    private static string Day(DateTime at) => at.ToString("MM-dd", CultureInfo.InvariantCulture);
}
