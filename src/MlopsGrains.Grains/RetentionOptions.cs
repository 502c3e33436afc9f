using MlopsGrains.Experiments;
using MlopsGrains.Settings;

namespace MlopsGrains.Grains;

/// <summary>When deleted runs and experiments are removed for good.</summary>
public sealed class RetentionOptions : ISettings
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Retention";

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

    static string ISettings.Section => Section;

    /// <inheritdoc/>
    public IEnumerable<string> Faults() => new SettingFaults(Section)
        .Range(DeletedFor, TimeSpan.Zero, DeletedForMax)
        .Range(SweepPeriod, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7))
        .Range(RunsPerStep, 1, 1000)
        .Range(BlobGrace, TimeSpan.FromHours(2), TimeSpan.FromDays(365))
        .Range(BlobsPerMark, 1, 10_000_000)
        .Range(BlobsPerStep, 1, 10_000);
}
