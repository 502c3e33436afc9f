namespace MlopsGrains.Models;

/// <summary>The limits of registered models and their versions. Lengths are in characters; of tags' keys see <see cref="Experiments.TrackingLimits.KeyLengthMax"/>.</summary>
public static class RegistryLimits
{
    /// <summary>Longest description of a model or a version.</summary>
    public const int DescriptionLengthMax = 5_000;

    /// <summary>Longest name of the job that deploys a model.</summary>
    public const int DeploymentJobLengthMax = 500;

    /// <summary>Most tags of a model or a version.</summary>
    public const int TagsMax = 1_000;

    /// <summary>Longest value of a tag.</summary>
    public const int TagValueLengthMax = 100_000;

    /// <summary>Longest alias.</summary>
    public const int AliasLengthMax = 255;

    /// <summary>Most aliases of a model.</summary>
    public const int AliasesMax = 1_000;

    /// <summary>Most versions of a model.</summary>
    public const int VersionsMax = 10_000;

    /// <summary>Longest key under which a version is registered once.</summary>
    public const int IdempotencyKeyLengthMax = 128;

    /// <summary>Most inputs, and most outputs, of a version.</summary>
    public const int TensorsMax = 10_000;

    /// <summary>Longest name of an input, an output or a metric.</summary>
    public const int NameLengthMax = 250;

    /// <summary>Most metrics of a version.</summary>
    public const int MetricsMax = 1_000;

    /// <summary>Most classes that a version tells apart.</summary>
    public const int ClassesMax = 10_000;

    /// <summary>Longest part of a version's lineage.</summary>
    public const int LineageLengthMax = 2_000;

    /// <summary>Longest link to the run of a version.</summary>
    public const int RunLinkLengthMax = 2_048;

    /// <summary>Longest id of the run or the logged model that a version comes from.</summary>
    public const int SourceIdLengthMax = 256;

    /// <summary>Most models that MLflow's search answers at once.</summary>
    public const int ModelsPerSearchMax = 1_000;

    /// <summary>Most versions that MLflow's search answers at once.</summary>
    public const int VersionsPerSearchMax = 200_000;
}
