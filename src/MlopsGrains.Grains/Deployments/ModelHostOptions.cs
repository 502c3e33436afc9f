using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Deployments;

/// <summary>Limits of the models that one silo keeps loaded.</summary>
public sealed class ModelHostOptions : ISettings
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ModelHost";

    /// <summary>
    /// Model files, in bytes, that stay loaded at once; the least recently used go first. A loaded model takes a few times its file's bytes. 512 MiB by default.
    /// </summary>
    public long LoadedBytesMax { get; set; } = 512L << 20;

    /// <summary>Largest single model file, in bytes; 256 MiB by default.</summary>
    public long ModelBytesMax { get; set; } = 256L << 20;

    static string ISettings.Section => Section;

    /// <inheritdoc/>
    public IEnumerable<string> Faults() => new SettingFaults(Section)
        .Range(ModelBytesMax, 1, int.MaxValue)
        .Check(LoadedBytesMax >= ModelBytesMax, nameof(LoadedBytesMax), LoadedBytesMax, $"{Section}:{nameof(ModelBytesMax)} ({ModelBytesMax}) or more");
}
