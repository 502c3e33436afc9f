namespace MlopsGrains.Grains.Models;

/// <summary>Limits of a model file that is opened, which is an archive: a few bytes of it may unpack to a full disk.</summary>
public sealed class ModelFileOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ModelFiles";

    /// <summary>Bytes of all entries of one file when they are unpacked; 1 GiB by default.</summary>
    public long UnpackedBytesMax { get; set; } = 1L << 30;

    /// <summary>Entries of one file; 10,000 by default.</summary>
    public int EntriesMax { get; set; } = 10_000;

    /// <summary>Everything wrong with the options, each naming its setting.</summary>
    internal IEnumerable<string> Faults()
    {
        if (UnpackedBytesMax < 1)
        {
            yield return $"{Section}:{nameof(UnpackedBytesMax)} is {UnpackedBytesMax}; must be at least 1.";
        }

        if (EntriesMax < 1)
        {
            yield return $"{Section}:{nameof(EntriesMax)} is {EntriesMax}; must be at least 1.";
        }
    }
}
