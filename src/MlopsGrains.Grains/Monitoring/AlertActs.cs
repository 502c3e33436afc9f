using MlopsGrains.Errors;
using MlopsGrains.Monitoring;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>What people may do about alerts, and what it makes of them. Pure.</summary>
internal static class AlertActs
{
    public static Alert Find(MonitorState state, string deployment, string alertId) => state.Rules is null
        ? throw MlopsException.NotFound("Monitor", deployment)
        : state.Alerts.FindLast(a => a.AlertId == alertId) ?? throw MlopsException.NotFound("Alert", alertId);

    /// <summary>Nothing when the actor has it already.</summary>
    public static AlertAct? Acknowledge(Alert alert, string by, DateTimeOffset now) =>
        Open(alert).AcknowledgedBy == by ? null : Room(alert, new AlertAct(AlertActKind.Acknowledged, now, by));

    public static AlertAct Silence(Alert alert, AlertSilence silence, string by, DateTimeOffset now)
    {
        if (silence.Minutes is < 0 or > MonitorLimits.SilenceMinutesMax)
        {
            throw MlopsException.Invalid("minutes", $"minutes is {silence.Minutes}; must be 0 (which ends a silence) to {MonitorLimits.SilenceMinutesMax}.");
        }

        CheckText("reason", silence.Reason);
        return Room(Open(alert), new AlertAct(AlertActKind.Silenced, now, by, silence.Reason, now.AddMinutes(silence.Minutes)));
    }

    public static AlertAct Comment(Alert alert, string text, string by, DateTimeOffset now)
    {
        CheckText("text", text);
        return Room(alert, new AlertAct(AlertActKind.Commented, now, by, text));
    }

    public static Alert Apply(Alert alert, AlertAct act)
    {
        var acted = alert with { Acts = [.. alert.Acts ?? [], act] };
        return act.Kind switch
        {
            AlertActKind.Acknowledged => acted with { AcknowledgedBy = act.By, AcknowledgedAt = act.At },
            AlertActKind.Silenced => acted with { SilencedUntil = act.Until },
            _ => acted,
        };
    }

    private static Alert Open(Alert alert) => alert.ClosedAt is null ? alert : throw MlopsException.Conflict($"Alert '{alert.AlertId}' is closed ({alert.CloseReason}); it can only be commented on.");

    private static AlertAct Room(Alert alert, AlertAct act) => alert.Acts?.Count >= MonitorLimits.AlertActsMax
        ? throw MlopsException.Conflict($"Alert '{alert.AlertId}' has {MonitorLimits.AlertActsMax} acts, the most it can have.")
        : act;

    private static void CheckText(string field, string? text)
    {
        if (string.IsNullOrWhiteSpace(text) || text.IsLongerThan(MonitorLimits.AlertTextLengthMax))
        {
            throw MlopsException.Invalid(field, $"{field} has {text?.CharacterCount() ?? 0} characters; must be 1 to {MonitorLimits.AlertTextLengthMax}, not only spaces.");
        }
    }
}
