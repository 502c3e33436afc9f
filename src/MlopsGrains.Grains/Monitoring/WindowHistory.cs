using System.Globalization;
using MlopsGrains.Algorithms.Monitoring;
using MlopsGrains.Errors;
using MlopsGrains.Monitoring;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>The closed windows whose counts are kept, as they were when it was made: to be shown, or judged by other rules. Pure.</summary>
internal sealed class WindowHistory
{
    private readonly ReferenceProfile reference;
    private readonly int[] features;
    private readonly List<(WindowVerdict Verdict, IReadOnlyList<long[]> Counts)> windows;
    private readonly HashSet<long> raised;

    private WindowHistory(MonitorState state, int[] features)
    {
        this.features = features;
        reference = new ReferenceProfile(state.Reference!.Rows, [.. features.Select(f => state.Reference.Features[f])]);
        windows = Join(state);
        raised = [.. state.Alerts.Select(a => a.Window)];
    }

    /// <summary>The history of the features that the rules watch, all of them when they name none.</summary>
    public static WindowHistory Of(MonitorState state, MonitorRules rules)
    {
        if (rules.ReferenceDigest != state.Rules!.ReferenceDigest)
        {
            throw MlopsException.Invalid("referenceDigest", $"referenceDigest must be that of the monitor, {state.Rules.ReferenceDigest}: its windows were counted into the bins of that reference.");
        }

        var known = state.Reference!.Features.Select((f, i) => (f.Bins.Feature, Index: i)).ToDictionary(f => f.Feature, f => f.Index, StringComparer.Ordinal);
        int[] all = [.. Enumerable.Range(0, known.Count)];
        return new WindowHistory(state, rules.Features is { Count: > 0 } named
            ? [.. named.Select((name, i) => known.TryGetValue(name, out var at) ? at : throw MlopsException.Invalid($"features[{i}]", $"features[{i}] '{name.Shorten(100)}' is not watched, so nothing of it was counted."))]
            : all);
    }

    /// <summary>A window's counts beside the reference's.</summary>
    public static WindowCounts CountsOf(MonitorState state, string deployment, long window)
    {
        if (state.Kept.Find(k => k.Window == window) is not { } kept)
        {
            throw state.Windows.Exists(w => w.Window == window)
                ? new MlopsException(ErrorKind.NotFound, $"The counts of window {window} of monitor '{deployment}' are not kept: they were of another reference, or newer ones took their place.")
                : MlopsException.NotFound("Window", $"{deployment}/{window.ToString(CultureInfo.InvariantCulture)}");
        }

        var features = state.Reference!.Features.Select((f, i) => new FeatureCounts(f.Bins.Feature, f.Bins.Edges, f.Bins.Categories, f.Counts, kept.Counts[i]));
        return new WindowCounts(window, state.Reference.Rows, kept.Counts is [var first, ..] ? first.Sum() : 0, [.. features]);
    }

    public BackTest Judge(MonitorRules rules)
    {
        var hysteresis = AlertHysteresis.Initial with { RaiseHits = rules.RaiseAfter };
        var judged = new List<BackTestWindow>(windows.Count);
        foreach (var (verdict, counts) in windows)
        {
            var (outcome, found) = DriftJudge.Judge(reference, [.. features.Select(f => counts[f])], rules);
            (hysteresis, var change) = hysteresis.Next(DriftJudge.Status(outcome));
            var drifted = found.Where(f => f.Outcome == DriftOutcome.Drift).OrderByDescending(f => f.JensenShannon ?? 0).Select(f => f.Feature);
            judged.Add(new BackTestWindow(
                verdict.Window, verdict.ClosedAt, verdict.Rows, verdict.Outcome, outcome, found.Max(f => f.JensenShannon), [.. drifted],
                raised.Contains(verdict.Window), change == AlertChange.Raised, change == AlertChange.Closed));
        }

        judged.Reverse();
        return new BackTest(judged, judged.Count(w => w.IsRaised), judged.Count(w => w.WasRaised));
    }

    private static List<(WindowVerdict Verdict, IReadOnlyList<long[]> Counts)> Join(MonitorState state)
    {
        var kept = state.Kept.ToDictionary(k => k.Window, k => k.Counts);
        return [.. state.Windows.Where(w => kept.ContainsKey(w.Window)).Select(w => (w, kept[w.Window]))];
    }
}
