namespace MlopsGrains.Grains.Deployments;

/// <summary>Limits of the models that one silo keeps loaded.</summary>
public sealed class ModelHostOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ModelHost";

    /// <summary>
    /// Model files, in bytes, that stay loaded at once; the least recently used go first. A loaded model takes a few times its file's bytes. 512 MiB by default.
    /// </summary>
    public long LoadedBytesMax { get; set; } = 512L << 20;

    /// <summary>Largest single model file, in bytes; 256 MiB by default.</summary>
    public long ModelBytesMax { get; set; } = 256L << 20;

    /// <summary>Everything wrong with the options, each naming its setting.</summary>
    public IEnumerable<string> Faults()
    {
        if (ModelBytesMax is < 1 or > int.MaxValue)
        {
            yield return $"ModelHost:ModelBytesMax is {ModelBytesMax}; must be 1 to {int.MaxValue}.";
        }

        if (LoadedBytesMax < ModelBytesMax)
        {
            yield return $"ModelHost:LoadedBytesMax is {LoadedBytesMax}; must be at least ModelHost:ModelBytesMax ({ModelBytesMax}).";
        }
    }
}
