using System.Diagnostics.Metrics;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>The meter <c>MlopsGrains.Monitoring</c>.</summary>
internal sealed class MonitoringMetrics
{
    public const string MeterName = "MlopsGrains.Monitoring";

    private readonly Counter<long> observed;
    private readonly Counter<long> lost;
    private readonly Counter<long> deltas;
    private readonly Counter<long> verdicts;
    private readonly Counter<long> raised;
    private readonly Counter<long> closed;

    public MonitoringMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        observed = meter.CreateCounter<long>("mlops.monitoring.predictions", "{prediction}", "Predictions that aggregators on this silo saw.");
        lost = meter.CreateCounter<long>("mlops.monitoring.predictions.lost", "{prediction}", "Predictions that could not be counted, by reason.");
        deltas = meter.CreateCounter<long>("mlops.monitoring.deltas", "{delta}", "Deltas that monitors counted.");
        verdicts = meter.CreateCounter<long>("mlops.monitoring.verdicts", "{window}", "Closed windows, by outcome.");
        raised = meter.CreateCounter<long>("mlops.monitoring.alerts.raised", "{alert}", "Alerts raised.");
        closed = meter.CreateCounter<long>("mlops.monitoring.alerts.closed", "{alert}", "Alerts closed, by reason.");
    }

    public void Observed(long rows) => observed.Add(rows);

    public void Lost(long rows, LossReason reason)
    {
        if (rows > 0)
        {
            lost.Add(rows, new KeyValuePair<string, object?>("reason", Text(reason)));
        }
    }

    public void Happened(IReadOnlyList<MonitorEvent> events)
    {
        foreach (var e in events)
        {
            switch (e)
            {
                case Counted:
                    deltas.Add(1);
                    break;
                case WindowClosed window:
                    verdicts.Add(1, new KeyValuePair<string, object?>("outcome", Text(window.Verdict.Outcome)));
                    break;
                case AlertRaised:
                    raised.Add(1);
                    break;
                case AlertClosed alert:
                    closed.Add(1, new KeyValuePair<string, object?>("reason", alert.Reason));
                    break;
                default:
                    break;
            }
        }
    }

    private static string Text(DriftOutcome outcome) => outcome switch
    {
        DriftOutcome.Drift => "drift",
        DriftOutcome.NoDrift => "no_drift",
        _ => "not_enough_data",
    };

    private static string Text(LossReason reason) => reason switch
    {
        LossReason.QueueFull => "queue_full",
        LossReason.BufferFull => "buffer_full",
        LossReason.OldReference => "old_reference",
        LossReason.TooManyDeployments => "too_many_deployments",
        LossReason.Stopped => "stopped",
        LossReason.Killed => "killed",
        _ => "refused",
    };
}

/// <summary>Why a prediction was not counted.</summary>
internal enum LossReason
{
    QueueFull,
    BufferFull,
    OldReference,
    TooManyDeployments,
    Refused,
    Stopped,
    Killed,
}
