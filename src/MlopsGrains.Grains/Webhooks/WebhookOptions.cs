namespace MlopsGrains.Grains.Webhooks;

/// <summary>How webhooks deliver. Section <c>Webhooks</c>.</summary>
public sealed class WebhookOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Webhooks";

    /// <summary>Whether a webhook's URL may be <c>http</c>. Default no.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>Whether deliveries may go to private, loopback and link-local addresses. Default no.</summary>
    public bool AllowPrivateTargets { get; set; }

    /// <summary>Most webhooks, 1–1,000. Default 100.</summary>
    public int WebhooksMax { get; set; } = 100;

    /// <summary>Most deliveries that wait for one webhook, 1–10,000; further ones are parked. Default 1,000.</summary>
    public int QueueMax { get; set; } = 1_000;

    /// <summary>Most parked deliveries that one webhook keeps, 1–10,000; the oldest are dropped and counted. Default 1,000.</summary>
    public int ParkedMax { get; set; } = 1_000;

    /// <summary>Most characters of all bodies that wait or are parked, 100 Ki–8 Mi; the oldest parked are dropped and counted. Default 8 Mi.</summary>
    public int CharactersMax { get; set; } = 8 * 1024 * 1024;

    /// <summary>Deliveries to one webhook at a time, 1–100. Default 4.</summary>
    public int ParallelPerWebhook { get; set; } = 4;

    /// <summary>Deliveries that one silo sends at a time, 0–100; 0 leaves them to other silos. Default 8.</summary>
    public int Parallel { get; set; } = 8;

    /// <summary>How long one attempt may take, 1 s–1 min. Default 10 s.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Attempts after which a delivery is parked, 1–50. Default 10.</summary>
    public int AttemptsMax { get; set; } = 10;

    /// <summary>Wait before the second attempt, 10 ms–1 min; it doubles with every further one, and a half of it is random. Default 1 s.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between attempts, 10 ms–1 day, also when the receiver asks for more. Default 10 min.</summary>
    public TimeSpan RetryDelayMax { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The faults of these options, each naming its setting.</summary>
    internal IEnumerable<string> Faults() => new[]
    {
        Fault(WebhooksMax is >= 1 and <= 1_000, nameof(WebhooksMax), WebhooksMax, "1–1000"),
        Fault(QueueMax is >= 1 and <= 10_000, nameof(QueueMax), QueueMax, "1–10000"),
        Fault(ParkedMax is >= 1 and <= 10_000, nameof(ParkedMax), ParkedMax, "1–10000"),
        Fault(CharactersMax is >= 100 * 1024 and <= 8 * 1024 * 1024, nameof(CharactersMax), CharactersMax, "100 Ki–8 Mi"),
        Fault(ParallelPerWebhook is >= 1 and <= 100, nameof(ParallelPerWebhook), ParallelPerWebhook, "1–100"),
        Fault(Parallel is >= 0 and <= 100, nameof(Parallel), Parallel, "0–100"),
        Fault(AttemptTimeout >= TimeSpan.FromSeconds(1) && AttemptTimeout <= TimeSpan.FromMinutes(1), nameof(AttemptTimeout), AttemptTimeout, "1 s–1 min"),
        Fault(AttemptsMax is >= 1 and <= 50, nameof(AttemptsMax), AttemptsMax, "1–50"),
        Fault(RetryDelay >= TimeSpan.FromMilliseconds(10) && RetryDelay <= TimeSpan.FromMinutes(1), nameof(RetryDelay), RetryDelay, "10 ms–1 min"),
        Fault(RetryDelayMax >= TimeSpan.FromMilliseconds(10) && RetryDelayMax <= TimeSpan.FromDays(1), nameof(RetryDelayMax), RetryDelayMax, "10 ms–1 day"),
    }.OfType<string>();

    private static string? Fault(bool holds, string name, object value, string expected) => holds ? null : $"{Section}:{name} is {value}; expected {expected}.";
}
