using System.Globalization;

namespace MlopsGrains.Monitoring;

/// <summary>An alert from raise to close.</summary>
/// <param name="AlertId">Unique.</param>
/// <param name="Deployment">Whose traffic drifted.</param>
/// <param name="RaisedAt">When its window closed.</param>
/// <param name="ClosedAt">When it closed, or <see langword="null"/> while it is open.</param>
/// <param name="Window">The window that raised it.</param>
/// <param name="Features">Features that drifted in that window, farthest first.</param>
/// <param name="Message">The same in a sentence.</param>
/// <param name="StartedPipelineRun">The pipeline run that it started, or <see langword="null"/>.</param>
/// <param name="CloseReason"><c>cleared</c> (three windows without drift) or <c>reconfigured</c>; <see langword="null"/> while it is open.</param>
/// <param name="AcknowledgedBy">Who has it, or <see langword="null"/>.</param>
/// <param name="AcknowledgedAt">Since when.</param>
/// <param name="SilencedUntil">It waits for nobody until then; <see langword="null"/> when it was never silenced.</param>
/// <param name="Acts">What people did, oldest first; <see langword="null"/> when nobody did anything.</param>
[GenerateSerializer, Immutable, Alias("mlops.Alert")]
public sealed record Alert(
    [property: Id(0)] string AlertId,
    [property: Id(1)] string Deployment,
    [property: Id(2)] DateTimeOffset RaisedAt,
    [property: Id(3)] DateTimeOffset? ClosedAt,
    [property: Id(4)] long Window,
    [property: Id(5)] IReadOnlyList<string> Features,
    [property: Id(6)] string Message,
    [property: Id(7)] string? StartedPipelineRun,
    [property: Id(8)] string? CloseReason = null,
    [property: Id(9)] string? AcknowledgedBy = null,
    [property: Id(10)] DateTimeOffset? AcknowledgedAt = null,
    [property: Id(11)] DateTimeOffset? SilencedUntil = null,
    [property: Id(12)] IReadOnlyList<AlertAct>? Acts = null)
{
    /// <summary>Whether it waits for nobody at that time.</summary>
    public bool IsSilenced(DateTimeOffset now) => SilencedUntil > now;
}

/// <summary>What a person did about an alert.</summary>
/// <param name="Kind">What.</param>
/// <param name="At">When.</param>
/// <param name="By">Who.</param>
/// <param name="Text">The comment, or why it was silenced.</param>
/// <param name="Until">The end of a silence.</param>
[GenerateSerializer, Immutable, Alias("mlops.AlertAct")]
public sealed record AlertAct(
    [property: Id(0)] AlertActKind Kind,
    [property: Id(1)] DateTimeOffset At,
    [property: Id(2)] string By,
    [property: Id(3)] string? Text = null,
    [property: Id(4)] DateTimeOffset? Until = null);

/// <summary>What people do about alerts.</summary>
public enum AlertActKind
{
    /// <summary>Somebody has it now.</summary>
    Acknowledged = 0,

    /// <summary>It waits for nobody for a time.</summary>
    Silenced = 1,

    /// <summary>Somebody said something.</summary>
    Commented = 2,
}

/// <summary>For how long an alert waits for nobody, and why.</summary>
/// <param name="Minutes">0–43,200 (30 days) from now; 0 ends the silence.</param>
/// <param name="Reason">1–1,000 characters.</param>
[GenerateSerializer, Immutable, Alias("mlops.AlertSilence")]
public sealed record AlertSilence([property: Id(0)] int Minutes, [property: Id(1)] string Reason);

/// <summary>Which alerts are listed.</summary>
public enum AlertState
{
    /// <summary>Neither closed nor silenced.</summary>
    Open = 0,

    /// <summary>Open, and acknowledged by the caller.</summary>
    Mine = 1,

    /// <summary>Open, and silenced now.</summary>
    Silenced = 2,

    /// <summary>Closed.</summary>
    Closed = 3,
}

/// <summary>How many alerts of the monitors that one may read are open.</summary>
/// <param name="Open">Neither closed nor silenced.</param>
/// <param name="Waiting">Of those, the ones that nobody has acknowledged.</param>
/// <param name="Mine">Open ones that the caller has acknowledged.</param>
/// <param name="Silenced">Open ones that are silenced now.</param>
/// <param name="IsComplete">Whether all were counted; else there are more.</param>
[GenerateSerializer, Immutable, Alias("mlops.AlertCounts")]
public sealed record AlertCounts([property: Id(0)] int Open, [property: Id(1)] int Waiting, [property: Id(2)] int Mine, [property: Id(3)] int Silenced, [property: Id(4)] bool IsComplete);

/// <summary>Entries of the catalogs <see cref="Catalogs.CatalogKinds.OpenAlerts"/> and <see cref="Catalogs.CatalogKinds.ClosedAlerts"/>: made so that their ordinal order is newest first.</summary>
public static class AlertIndex
{
    private const int TimeDigits = 16;

    /// <summary>The entry of an alert.</summary>
    public static string Entry(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return $"{(long.MaxValue - alert.RaisedAt.ToUnixTimeMilliseconds()).ToString("x16", CultureInfo.InvariantCulture)}-{alert.Deployment}/{alert.AlertId}";
    }

    /// <summary>The deployment and the alert's id in an entry.</summary>
    public static (string Deployment, string AlertId) Read(string entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var slash = entry.LastIndexOf('/');
        return (entry[(TimeDigits + 1)..slash], entry[(slash + 1)..]);
    }
}
