using System.Globalization;
using MlopsGrains.Algorithms.Monitoring;
using MlopsGrains.Errors;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>What follows from what comes in: state and input to events, without clock, chance or calls.</summary>
internal static class MonitorDecisions
{
    public const string Cleared = "cleared";
    public const string Reconfigured = "reconfigured";

    private const int FeaturesInMessageMax = 10;

    private const long DeltaRowsMax = 1_000_000_000_000;

    public static IReadOnlyList<MonitorEvent> OnConfigure(MonitorState state, MonitorRules rules, ReferenceProfile reference, DateTimeOffset now, Principal? who = null)
    {
        var configured = new Configured(state.Generation + 1, rules, reference, now, who);
        return state.OpenAlert() is { } alert ? [new AlertClosed(alert.AlertId, now, Reconfigured), configured] : [configured];
    }

    /// <summary>Nothing follows from a delta that was counted before or belongs to an older reference.</summary>
    public static IReadOnlyList<MonitorEvent> OnDelta(MonitorState state, string deployment, MonitorDelta delta, DateTimeOffset now, Func<string> newAlertId)
    {
        if (state.Rules is not { } rules || delta.Generation != state.Generation || state.HasCounted(delta.AggregatorId, delta.Sequence))
        {
            return [];
        }

        Check(state.Reference!, delta);
        var builder = new EventBuilder(state, deployment, rules, newAlertId);
        builder.CloseWhenExpired(now);
        builder.Count(delta, now);
        builder.CloseWhenFull(now);
        return builder.Events;
    }

    /// <summary>A delta that was on its way may have come.</summary>
    public static IReadOnlyList<Missed> OnMissed(MonitorState state, UncountedRows uncounted, DateTimeOffset now)
    {
        if (uncounted.Rows is < 1 or > DeltaRowsMax)
        {
            throw MlopsException.Invalid("rows", $"rows is {uncounted.Rows}; must be 1 to {DeltaRowsMax}.");
        }

        var came = uncounted.Sequence > 0 && state.HasCounted(uncounted.AggregatorId, uncounted.Sequence) ? uncounted.SentRows : 0;
        return state.Rules is null || uncounted.Rows <= came || state.MissedBy.Contains(uncounted.AggregatorId) ? [] : [new Missed(uncounted.AggregatorId, uncounted.Rows - came, now)];
    }

    public static IReadOnlyList<MonitorEvent> OnTime(MonitorState state, string deployment, DateTimeOffset now, Func<string> newAlertId)
    {
        if (state.Rules is not { } rules)
        {
            return [];
        }

        var builder = new EventBuilder(state, deployment, rules, newAlertId);
        builder.CloseWhenExpired(now);
        return builder.Events;
    }

    /// <summary>When the open window ends by time, or <see langword="null"/>.</summary>
    public static DateTimeOffset? WindowEnd(MonitorState state) =>
        state is { Window: { } window, Rules: { } rules } ? window.OpenedAt.AddSeconds(rules.WindowSeconds) : null;

    private static void Check(ReferenceProfile reference, MonitorDelta delta)
    {
        if (delta.Rows is < 1 or > DeltaRowsMax)
        {
            throw MlopsException.Invalid("rows", $"rows is {delta.Rows}; must be 1 to {DeltaRowsMax}.");
        }

        if (delta.Sequence < 1)
        {
            throw MlopsException.Invalid("sequence", $"sequence is {delta.Sequence}; at least 1.");
        }

        if (delta.Counts.Count != reference.Features.Count)
        {
            throw MlopsException.Invalid("counts", $"counts has {delta.Counts.Count} features; the reference has {reference.Features.Count}.");
        }

        for (var i = 0; i < delta.Counts.Count; i++)
        {
            var (counts, expected) = (delta.Counts[i], reference.Features[i].Counts.Length);
            if (counts.Length != expected || counts.Any(c => c < 0 || c > delta.Rows) || counts.Sum() != delta.Rows)
            {
                throw MlopsException.Invalid($"counts[{i}]", $"counts[{i}] must hold {expected} counts of at least 0 that add up to rows ({delta.Rows}).");
            }
        }
    }

    /// <summary>The state as it will be, followed event by event, because one delta may close two windows.</summary>
    private sealed class EventBuilder(MonitorState state, string deployment, MonitorRules rules, Func<string> newAlertId)
    {
        private OpenWindow? window = state.Window;
        private long nextWindow = state.NextWindow;
        private AlertHysteresis hysteresis = state.Hysteresis;
        private Alert? alert = state.OpenAlert();

        public List<MonitorEvent> Events { get; } = [];

        public void CloseWhenExpired(DateTimeOffset now)
        {
            if (window?.OpenedAt.AddSeconds(rules.WindowSeconds) is { } end && end <= now)
            {
                Close(end);
            }
        }

        public void Count(MonitorDelta delta, DateTimeOffset now)
        {
            window = (window ?? OpenWindow.Empty(nextWindow, now, state.Reference!)).Add(delta.Rows, delta.Counts);
            Events.Add(new Counted(delta.AggregatorId, delta.Sequence, delta.Rows, delta.Counts, now));
        }

        public void CloseWhenFull(DateTimeOffset now)
        {
            if (window!.Rows >= rules.WindowRows)
            {
                Close(now);
            }
        }

        private void Close(DateTimeOffset at)
        {
            var (outcome, features) = DriftJudge.Judge(state.Reference!, window!.Counts, rules);
            var verdict = new WindowVerdict(window.Number, window.OpenedAt, at, window.Rows, outcome, features);
            Events.Add(new WindowClosed(verdict));
            window = null;
            nextWindow++;
            (hysteresis, var change) = hysteresis.Next(DriftJudge.Status(outcome));
            if (change == AlertChange.Raised)
            {
                alert = Raise(verdict);
                Events.Add(new AlertRaised(alert));
            }
            else if (change == AlertChange.Closed && alert is not null)
            {
                Events.Add(new AlertClosed(alert.AlertId, at, Cleared));
                alert = null;
            }
        }

        private Alert Raise(WindowVerdict verdict)
        {
            var drifted = verdict.Features.Where(f => f.Outcome == DriftOutcome.Drift).OrderByDescending(f => f.JensenShannon ?? 0).ToList();
            var named = string.Join(", ", drifted.Take(FeaturesInMessageMax).Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Feature} (distance {f.JensenShannon:0.00}, {f.Reason})")));
            var more = drifted.Count > FeaturesInMessageMax ? $" and {drifted.Count - FeaturesInMessageMax} more" : "";
            var message = $"{drifted.Count} of {verdict.Features.Count} features of '{deployment}' drifted in window {verdict.Window} ({verdict.Rows} rows): {named}{more}.";
            var silencedUntil = state.Alerts is [.., { SilencedUntil: { } until }] && until > verdict.ClosedAt ? until : (DateTimeOffset?)null;
            return new Alert(newAlertId(), deployment, verdict.ClosedAt, null, verdict.Window, [.. drifted.Select(f => f.Feature)], message, null, SilencedUntil: silencedUntil);
        }
    }
}
