using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Models;

/// <summary>Limits of a model file that is opened, which is an archive: a few bytes of it may unpack to a full disk.</summary>
public sealed class ModelFileOptions : ISettings
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ModelFiles";

    /// <summary>Bytes of all entries of one file when they are unpacked; 1 GiB by default.</summary>
    public long UnpackedBytesMax { get; set; } = 1L << 30;

    /// <summary>Entries of one file; 10,000 by default.</summary>
    public int EntriesMax { get; set; } = 10_000;

    static string ISettings.Section => Section;

    /// <inheritdoc/>
    public IEnumerable<string> Faults() => new SettingFaults(Section)
        .Range(UnpackedBytesMax, 1)
        .Range(EntriesMax, 1);
}
