using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Webhooks;

/// <summary>How webhooks deliver. Section <c>Webhooks</c>.</summary>
public sealed class WebhookOptions : ISettings
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

    static string ISettings.Section => Section;

    /// <inheritdoc/>
    public IEnumerable<string> Faults() => new SettingFaults(Section)
        .Range(WebhooksMax, 1, 1_000)
        .Range(QueueMax, 1, 10_000)
        .Range(ParkedMax, 1, 10_000)
        .Range(CharactersMax, 100 * 1024, 8 * 1024 * 1024)
        .Range(ParallelPerWebhook, 1, 100)
        .Range(Parallel, 0, 100)
        .Range(AttemptTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1))
        .Range(AttemptsMax, 1, 50)
        .Range(RetryDelay, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1))
        .Range(RetryDelayMax, TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1));
}
