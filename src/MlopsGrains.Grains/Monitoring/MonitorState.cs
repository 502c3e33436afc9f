using MlopsGrains.Algorithms.Monitoring;
using MlopsGrains.Grains.Idempotency;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>
/// A monitor as the fold of its events. Pure: what is decided when is in <see cref="MonitorDecisions"/>. The attribute spares Orleans a copy that only
/// tentative states need, which journal grains never ask for.
/// </summary>
[Immutable]
internal sealed class MonitorState
{
    public const int WindowsKept = 1000;
    public const int AlertsKept = 1000;

    /// <summary>Numbers in the kept counts, about 2 MB: 430 windows of 24 features with 24 counts each. The newest window is kept in any case.</summary>
    public const int CountsKept = 250_000;

    /// <summary>Aggregators remembered; beyond it the one heard least recently is forgotten.</summary>
    public const int AggregatorsKept = 256;

    public MonitorRules? Rules { get; set; }

    /// <summary>Who gave the rules, if that user may not do everything: what an alert starts acts for them.</summary>
    public Principal? For { get; set; }

    public int Generation { get; set; }

    public ReferenceProfile? Reference { get; set; }

    public DateTimeOffset ConfiguredAt { get; set; }

    public long TotalRows { get; set; }

    /// <summary>Answered rows that were not counted because their process was killed.</summary>
    public long MissedRows { get; set; }

    /// <summary>The aggregators whose they were, newest last; beyond <see cref="AggregatorsKept"/> the oldest is forgotten.</summary>
    public List<string> MissedBy { get; set; } = [];

    public long NextWindow { get; set; } = 1;

    public long NextNotice { get; set; } = 1;

    public OpenWindow? Window { get; set; }

    /// <summary>How the windows of this generation look back.</summary>
    public AlertHysteresis Hysteresis { get; set; } = AlertHysteresis.Initial;

    /// <summary>Oldest first.</summary>
    public List<WindowVerdict> Windows { get; set; } = [];

    /// <summary>Counts of the newest closed windows under the present reference, oldest first.</summary>
    public List<KeptCounts> Kept { get; set; } = [];

    /// <summary>Oldest first.</summary>
    public List<Alert> Alerts { get; set; } = [];

    /// <summary>Comments that came with a key.</summary>
    public List<AnsweredRequest> Requests { get; set; } = [];

    /// <summary>Who has to hear what; emptied as they have.</summary>
    public List<Notice> Notices { get; set; } = [];

    /// <summary>The one heard least recently first.</summary>
    public List<Heard> Aggregators { get; set; } = [];

    public Alert? OpenAlert() => Alerts.Count > 0 && Alerts[^1].ClosedAt is null ? Alerts[^1] : null;

    public bool HasCounted(string aggregator, long sequence) =>
        Aggregators.Find(a => a.Aggregator == aggregator) is { } heard && heard.Sequences.Contains(sequence);

    public void Apply(MonitorEvent e)
    {
        switch (e)
        {
            case Configured configured:
                Begin(configured);
                break;
            case Counted counted:
                Count(counted);
                break;
            case WindowClosed closed:
                Close(closed.Verdict);
                break;
            case AlertRaised raised:
                Add(Alerts, raised.Alert, AlertsKept);
                Notify(NoticeKind.AuditRaised, raised.Alert.AlertId);
                Notify(NoticeKind.ListOpen, raised.Alert.AlertId);
                Notify(NoticeKind.TellListener, raised.Alert.AlertId);
                break;
            case AlertClosed closed:
                Replace(closed.AlertId, a => a with { ClosedAt = closed.At, CloseReason = closed.Reason });
                Notify(NoticeKind.AuditClosed, closed.AlertId);
                Notify(NoticeKind.ListClosed, closed.AlertId);
                break;
            case AlertActed acted:
                Replace(acted.AlertId, alert => AlertActs.Apply(alert, acted.Act));
                Requests.Keep(acted.Request, 0);
                break;
            case NoticeDelivered delivered:
                Deliver(delivered);
                break;
            case Missed missed:
                MissedRows += missed.Rows;
                Add(MissedBy, missed.Aggregator, AggregatorsKept);
                break;
            default:
                throw new NotSupportedException($"A monitor knows no event {e.GetType().Name}.");
        }
    }

    private void Begin(Configured e)
    {
        // Windows that were counted into other bins, or against other rows, cannot be judged again.
        Kept = e.Reference.SameAs(Reference) ? Kept : [];
        Generation = e.Generation;
        Rules = e.Rules;
        Reference = e.Reference;
        For = e.For;
        ConfiguredAt = e.At;
        Window = null;
        Hysteresis = AlertHysteresis.Initial with { RaiseHits = e.Rules.RaiseAfter };
    }

    private void Count(Counted e)
    {
        var at = Aggregators.FindIndex(a => a.Aggregator == e.Aggregator);
        var sequences = at < 0 ? default : Aggregators[at].Sequences;
        if (at >= 0)
        {
            Aggregators.RemoveAt(at);
        }

        Add(Aggregators, new Heard(e.Aggregator, sequences.Add(e.Sequence)), AggregatorsKept);
        TotalRows += e.Rows;
        Window = (Window ?? OpenWindow.Empty(NextWindow, e.At, Reference!)).Add(e.Rows, e.Counts);
    }

    private void Close(WindowVerdict verdict)
    {
        if (Window is { } closed)
        {
            Add(Kept, new KeptCounts(closed.Number, closed.Counts), KeptMax(closed.Counts.Sum(c => c.Length)));
        }

        Window = null;
        NextWindow = verdict.Window + 1;
        Add(Windows, verdict, WindowsKept);
        Hysteresis = Hysteresis.Next(DriftJudge.Status(verdict.Outcome)).State;
    }

    private void Deliver(NoticeDelivered e)
    {
        if (Notices.Find(n => n.Number == e.Notice) is not { } notice)
        {
            return;
        }

        Notices.Remove(notice);
        if (e.PipelineRun is not null)
        {
            Replace(notice.AlertId, a => a with { StartedPipelineRun = e.PipelineRun });
        }
    }

    private static int KeptMax(int numbersInWindow) => Math.Clamp(CountsKept / Math.Max(1, numbersInWindow), 1, WindowsKept);

    private void Notify(NoticeKind kind, string alertId) => Notices.Add(new Notice(NextNotice++, kind, alertId));

    private void Replace(string alertId, Func<Alert, Alert> change)
    {
        var at = Alerts.FindLastIndex(a => a.AlertId == alertId);
        if (at >= 0)
        {
            Alerts[at] = change(Alerts[at]);
        }
    }

    private static void Add<T>(List<T> list, T item, int kept)
    {
        list.Add(item);
        if (list.Count > kept)
        {
            list.RemoveRange(0, list.Count - kept);
        }
    }
}

/// <summary>The window that is being filled. Sums of integers: the order in which they came leaves no trace.</summary>
internal sealed record OpenWindow(long Number, DateTimeOffset OpenedAt, long Rows, IReadOnlyList<long[]> Counts)
{
    public static OpenWindow Empty(long number, DateTimeOffset at, ReferenceProfile reference) =>
        new(number, at, 0, [.. reference.Features.Select(f => new long[f.Counts.Length])]);

    public OpenWindow Add(long rows, IReadOnlyList<long[]> counts) =>
        this with { Rows = Rows + rows, Counts = [.. Counts.Zip(counts, (a, b) => a.Zip(b, (x, y) => x + y).ToArray())] };
}

/// <summary>What a closed window was judged by.</summary>
internal sealed record KeptCounts(long Window, IReadOnlyList<long[]> Counts);

/// <summary>Something that others must hear at least once, after it is durable.</summary>
internal sealed record Notice(long Number, NoticeKind Kind, string AlertId);

internal enum NoticeKind
{
    AuditRaised = 0,
    TellListener = 1,
    AuditClosed = 2,
    ListOpen = 3,
    ListClosed = 4,
}

internal sealed record Heard(string Aggregator, SequenceWindow Sequences);
