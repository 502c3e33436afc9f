using MlopsGrains.Grains.Idempotency;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>What people do about alerts: each act is durable, and told to the audit chain, before it is answered.</summary>
internal sealed partial class MonitorGrain
{
    public Task<Alert?> GetAlert(string alertId, CancellationToken cancellationToken = default) => Task.FromResult(State.Alerts.FindLast(a => a.AlertId == alertId));

    public Task<Alert> Acknowledge(string alertId, CancellationToken cancellationToken = default) =>
        Act(alertId, alert => AlertActs.Acknowledge(alert, Actor.Current, time.GetUtcNow()), "alert.acknowledged");

    public Task<Alert> Silence(string alertId, AlertSilence silence, CancellationToken cancellationToken = default) =>
        Act(alertId, alert => AlertActs.Silence(alert, silence, Actor.Current, time.GetUtcNow()), "alert.silenced");

    public Task<Alert> Comment(string alertId, string text, CancellationToken cancellationToken = default) =>
        State.Requests.NumberOf(RequestKey.Current) is not null
            ? Task.FromResult(AlertActs.Find(State, Deployment, alertId))
            : Act(alertId, alert => AlertActs.Comment(alert, text, Actor.Current, time.GetUtcNow()), "alert.commented", RequestKey.Current);

    private async Task<Alert> Act(string alertId, Func<Alert, AlertAct?> decide, string action, string? request = null)
    {
        if (decide(AlertActs.Find(State, Deployment, alertId)) is { } act)
        {
            Dictionary<string, string> detail = new() { ["alert"] = alertId };
            if (act.Text is { } text)
            {
                detail[act.Kind == AlertActKind.Silenced ? "reason" : "text"] = text;
            }

            if (act.Until is { } until)
            {
                detail["until"] = until.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
            }

            await Record(new AlertActed(alertId, act, request), Told(action, detail));
        }

        return AlertActs.Find(State, Deployment, alertId);
    }
}
