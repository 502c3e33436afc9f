using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Quotas;

/// <summary>How much text (params, tags, descriptions, dataset schemas and profiles) may be brought in, so that nobody fills memory and disk for all.</summary>
public sealed class QuotaOptions : ISettings
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Quotas";

    /// <summary>UTF-8 bytes of text that one user or key may bring in through one silo in 24 hours; more is refused with 429. 4 GiB by default, 0 for no end.</summary>
    public long UserBytesPerDay { get; set; } = 4L << 30;

    /// <summary>Bytes that the texts of one experiment's runs may take in the memory of its search index; then new runs are refused with 413. 2 GiB by default, 0 for no end.</summary>
    public long ExperimentBytesMax { get; set; } = 2L << 30;

    /// <summary>
    /// How long a run with more than 256 Ki characters of params, tags and dataset texts stays in memory after it was last written to, 100 ms–1 h; hundreds of such runs would fill it. 15 s by
    /// default.
    /// </summary>
    public TimeSpan BigRunStays { get; set; } = TimeSpan.FromSeconds(15);

    static string ISettings.Section => Section;

    /// <inheritdoc/>
    public IEnumerable<string> Faults() => new SettingFaults(Section)
        .Range(UserBytesPerDay, 0)
        .Range(ExperimentBytesMax, 0)
        .Range(BigRunStays, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
}
