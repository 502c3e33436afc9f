using Microsoft.Extensions.Logging;
using MlopsGrains.Catalogs;
using MlopsGrains.Clocks;
using MlopsGrains.Governance;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>
/// One timer does what must happen later: it closes windows by time and tells others what is durable. It runs beside the turns, so that a slow listener
/// delays no count, and hands results back through <see cref="IMonitorNoticesGrain"/>.
/// </summary>
internal sealed partial class MonitorGrain
{
    private static readonly TimeSpan RetryMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryMax = TimeSpan.FromMinutes(5);

    /// <summary>Often enough to keep the activation from being collected while a window is open.</summary>
    private static readonly TimeSpan BeatMax = TimeSpan.FromMinutes(1);

    private IGrainTimer? beat;
    private TimeSpan retry = RetryMin;
    private TimeSpan noticesDue;
    private bool isListed;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        SetBeat();
    }

    public async Task Delivered(long notice, string? pipelineRun)
    {
        if (State.Notices.Find(n => n.Number == notice) is { } delivered)
        {
            await Record(new NoticeDelivered(notice, pipelineRun), Told(delivered));
        }
    }

    /// <summary>What the audit chain hears by a notice that is meant for it.</summary>
    private AuditEntry[] Told(Notice notice) => (notice.Kind, State.Alerts.FindLast(a => a.AlertId == notice.AlertId)) switch
    {
        (NoticeKind.AuditRaised, { } alert) =>
            [Told("alert.raised", new() { ["window"] = Text(alert.Window), ["features"] = string.Join(',', alert.Features), ["alert"] = alert.AlertId })],
        (NoticeKind.AuditClosed, { } alert) => [Told("alert.closed", new() { ["reason"] = alert.CloseReason ?? "", ["alert"] = alert.AlertId })],
        _ => [],
    };

    public Task Tick() => Decide(MonitorDecisions.OnTime(State, Deployment, time.GetUtcNow(), ids.NewId));

    /// <summary>Sets the timer for the next thing to do; without one it rests.</summary>
    private void SetBeat()
    {
        var now = time.GetUtcNow();
        var retryIn = noticesDue - time.GetSteady();
        DateTimeOffset? next = State.Notices.Count == 0 ? null : retryIn > TimeSpan.Zero ? now + retryIn : now;
        if (MonitorDecisions.WindowEnd(State) is { } end && !(next <= end))
        {
            next = end;
        }

        if (next is null && beat is null)
        {
            return;
        }

        var due = next is null ? Timeout.InfiniteTimeSpan : next <= now ? TimeSpan.Zero : next - now < BeatMax ? next.Value - now : BeatMax;
        beat ??= this.RegisterGrainTimer(Beat, new GrainTimerCreationOptions(due, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });
        beat.Change(due, Timeout.InfiniteTimeSpan);
    }

    private async Task Beat(CancellationToken cancellationToken)
    {
        var heard = await Try(() => this.AsReference<IMonitorNoticesGrain>().Tick());

        // An alert that an earlier version raised was listed nowhere.
        isListed |= State.OpenAlert() is not { } open || await Try(() => List(open));
        if (noticesDue <= time.GetSteady())
        {
            foreach (var notice in State.Notices.ToArray())
            {
                heard &= await Try(async () => await this.AsReference<IMonitorNoticesGrain>().Delivered(notice.Number, await Deliver(notice, cancellationToken)));
            }
        }

        if (heard)
        {
            retry = RetryMin;
        }
        else
        {
            noticesDue = time.GetSteady() + retry;
            retry = retry * 2 < RetryMax ? retry * 2 : RetryMax;
        }

        SetBeat();
    }

    private async Task<bool> Try(Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
#pragma warning disable CA1031 // Whatever a listener throws, the notice stays and is tried again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            NoticeFailed(logger, e, Deployment, retry);
            return false;
        }
    }

    private async Task<string?> Deliver(Notice notice, CancellationToken cancellationToken)
    {
        if (State.Alerts.FindLast(a => a.AlertId == notice.AlertId) is not { } alert)
        {
            return null;
        }

        switch (notice.Kind)
        {
            case NoticeKind.TellListener:
                return await TellListeners(alert, cancellationToken);
            case NoticeKind.ListOpen or NoticeKind.ListClosed:
                await List(alert);
                return null;
            default:
                return null;
        }
    }

    /// <summary>Where it is found among those of all monitors. Leads to the same whenever it is told, because the alert is as it is now.</summary>
    private async Task List(Alert alert)
    {
        var (open, closed) = (GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.OpenAlerts), GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.ClosedAlerts));
        var entry = AlertIndex.Entry(alert);
        if (alert.ClosedAt is null)
        {
            await open.Add(entry, CancellationToken.None);
            return;
        }

        await closed.Add(entry, CancellationToken.None);
        await open.Remove(entry, CancellationToken.None);

        // The next alert takes the place of the oldest one.
        if (State.Alerts.Count >= MonitorState.AlertsKept)
        {
            await closed.Remove(AlertIndex.Entry(State.Alerts[0]), CancellationToken.None);
        }
    }

    /// <summary>An alert that closed while a listener failed needs no answer any more: the traffic is normal again, or the monitor watches something else.</summary>
    private async Task<string?> TellListeners(Alert alert, CancellationToken cancellationToken)
    {
        if (alert.ClosedAt is not null)
        {
            return null;
        }

        string? started = null;
        Principal.Current = State.For;
        foreach (var listener in listeners)
        {
            started = await listener.OnAlert(alert, State.Rules!, cancellationToken) ?? started;
        }

        return started;
    }

    [LoggerMessage(LogLevel.Warning, "Monitor '{Deployment}': a notice could not be delivered; next try in {Retry}")]
    private static partial void NoticeFailed(ILogger logger, Exception exception, string deployment, TimeSpan retry);
}
