using MlopsGrains.Experiments;

namespace MlopsGrains.Grains;

/// <summary>When deleted runs and experiments are removed for good.</summary>
public sealed class RetentionOptions
{
    /// <summary>The longest <see cref="DeletedFor"/>.</summary>
    public static readonly TimeSpan DeletedForMax = TimeSpan.FromDays(TrackingLimits.DeletedForDaysMax);

    /// <summary>How long they can be restored, 0–3,650 days. Default 30 days.</summary>
    public TimeSpan DeletedFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Whether the platform removes them by itself. Default no: then it happens when someone asks for it, and nothing is lost that nobody meant to lose.</summary>
    public bool Automatic { get; set; }

    /// <summary>How often the platform looks when it is automatic, 1 s–7 days. Default 1 h.</summary>
    public TimeSpan SweepPeriod { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Runs that one step looks at, 1–1,000. Default 200.</summary>
    public int RunsPerStep { get; set; } = 200;

    /// <summary>
    /// How long a stored file must have been named nowhere before its bytes are removed, 2 h–365 days. Default 24 h. It must be longer than the longest time between an upload and
    /// the writing of its name, such as a pipeline's step takes.
    /// </summary>
    public TimeSpan BlobGrace { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Stored files that one search for unnamed ones looks at, 1–10,000,000 (about 50 bytes of memory each); the next search goes on behind them. Default 1,000,000.</summary>
    public int BlobsPerMark { get; set; } = 1_000_000;

    /// <summary>Stored files that one step removes, 1–10,000. Default 1,000.</summary>
    public int BlobsPerStep { get; set; } = 1000;

    internal IEnumerable<string> Faults()
    {
        if (DeletedFor < TimeSpan.Zero || DeletedFor > DeletedForMax)
        {
            yield return $"Retention:DeletedFor is {DeletedFor}; expected 0–{TrackingLimits.DeletedForDaysMax} days.";
        }

        if (SweepPeriod < TimeSpan.FromSeconds(1) || SweepPeriod > TimeSpan.FromDays(7))
        {
            yield return $"Retention:SweepPeriod is {SweepPeriod}; expected 1 s–7 days.";
        }

        if (RunsPerStep is < 1 or > 1000)
        {
            yield return $"Retention:RunsPerStep is {RunsPerStep}; expected 1–1000.";
        }

        if (BlobGrace < TimeSpan.FromHours(2) || BlobGrace > TimeSpan.FromDays(365))
        {
            yield return $"Retention:BlobGrace is {BlobGrace}; expected 2 h–365 days.";
        }

        if (BlobsPerMark is < 1 or > 10_000_000)
        {
            yield return $"Retention:BlobsPerMark is {BlobsPerMark}; expected 1–10000000.";
        }

        if (BlobsPerStep is < 1 or > 10_000)
        {
            yield return $"Retention:BlobsPerStep is {BlobsPerStep}; expected 1–10000.";
        }
    }
}
