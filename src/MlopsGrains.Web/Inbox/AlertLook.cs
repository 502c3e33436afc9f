using MlopsGrains.Monitoring;
using MlopsGrains.Web.Formats;
using MlopsGrains.Web.Pages;
using MlopsGrains.Web.Parts;

namespace MlopsGrains.Web.Inbox;

/// <summary>How alerts look, and what pages say of them.</summary>
internal static class AlertLook
{
    public static StatusLook Of(Alert alert, DateTimeOffset now) => alert switch
    {
        { ClosedAt: not null } => new("ok", "ok", alert.CloseReason ?? "closed"),
        _ when alert.IsSilenced(now) => new("skip", "idle", "silenced"),
        { AcknowledgedBy: not null } => new("warn", "warn", "acknowledged"),
        _ => new("bad", "bad", "open"),
    };

    /// <summary>Whether somebody should look at it.</summary>
    public static bool Waits(Alert alert, DateTimeOffset now) => alert is { ClosedAt: null, AcknowledgedBy: null } && !alert.IsSilenced(now);

    public static string Title(Alert alert) => $"{(alert.Features.Count == 1 ? "A feature" : $"{alert.Features.Count} features")} drifted on {Shown.Name(alert.Deployment, 40)}";

    /// <summary>Opened in the inbox, in the list that it stands in.</summary>
    public static string Link(Alert alert, AlertState? state, string? after = null) =>
        PageAddress.Of("/inbox", ("state", Word(state)), ("after", after), ("m", alert.Deployment), ("id", alert.AlertId));

    /// <summary>In an address, where the usual one is left out.</summary>
    public static string? Word(AlertState? state) => state is null or AlertState.Open ? null : state.Value.ToString().ToLowerInvariant();

    public static AlertState Read(string? state) => state?.All(char.IsAsciiLetter) == true && Enum.TryParse<AlertState>(state, ignoreCase: true, out var known) ? known : AlertState.Open;

    public static string Did(AlertAct act) => act.Kind switch
    {
        AlertActKind.Acknowledged => "acknowledged it",
        AlertActKind.Silenced when act.Until <= act.At => "ended the silence",
        AlertActKind.Silenced => $"silenced it for {Shown.Duration((act.Until ?? act.At) - act.At)}",
        _ => "said",
    };

    public static string Icon(AlertAct act) => act.Kind switch
    {
        AlertActKind.Acknowledged => "check",
        AlertActKind.Silenced => "mute",
        _ => "user",
    };
}
