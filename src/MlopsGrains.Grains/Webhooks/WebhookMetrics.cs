using System.Diagnostics.Metrics;

namespace MlopsGrains.Grains.Webhooks;

/// <summary>The meter <c>MlopsGrains.Webhooks</c>.</summary>
internal sealed class WebhookMetrics
{
    private readonly Counter<long> attempts;
    private long waiting;

    public WebhookMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("MlopsGrains.Webhooks");
        attempts = meter.CreateCounter<long>("mlops.webhooks.attempts", "{attempt}", "Attempts to deliver, by outcome.");
        meter.CreateObservableGauge("mlops.webhooks.queue.length", () => Volatile.Read(ref waiting), "{delivery}", "Deliveries that wait, parked ones included; 0 on a silo that does not keep the outbox.");
    }

    public void Tried(bool taken) => attempts.Add(1, new KeyValuePair<string, object?>("outcome", taken ? "taken" : "not_taken"));

    public void Waiting(int deliveries) => Volatile.Write(ref waiting, deliveries);
}
