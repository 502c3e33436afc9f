namespace MlopsGrains.Experiments;

/// <summary>An experiment. The key is its id, a decimal string; <c>0</c> is the <c>Default</c> experiment that always exists.</summary>
[GrainInterfaceType("experiment")]
public interface IExperimentGrain : IGrainWithStringKey
{
    /// <summary>The experiment, deleted or not, or <see langword="null"/> when there is none of this id.</summary>
    [Alias("Get"), AlwaysInterleave]
    Task<Experiment?> Get(CancellationToken cancellationToken = default);

    /// <summary>Called by the catalog only, once, after it gave out the id.</summary>
    [Alias("Initialize"), AlwaysInterleave]
    Task Initialize(Experiment experiment, CancellationToken cancellationToken = default);

    /// <summary>Changes the name; a used name is refused (<see cref="Errors.ErrorKind.AlreadyExists"/>), a deleted experiment is refused.</summary>
    [Alias("Rename")]
    Task Rename(string name, CancellationToken cancellationToken = default);

    /// <summary>Marks it deleted, with all its runs; throws not found when it is deleted already.</summary>
    [Alias("Delete"), ResponseTimeout("00:05:00")]
    Task Delete(CancellationToken cancellationToken = default);

    /// <summary>Brings it and all its runs back; throws not found when it is not deleted.</summary>
    [Alias("Restore"), ResponseTimeout("00:05:00")]
    Task Restore(CancellationToken cancellationToken = default);

    /// <summary>Sets a tag (key ≤ 250, value ≤ 5,000 characters).</summary>
    [Alias("SetTag")]
    Task SetTag(string key, string value, CancellationToken cancellationToken = default);

    /// <summary>Removes a tag; throws not found when it is absent.</summary>
    [Alias("DeleteTag")]
    Task DeleteTag(string key, CancellationToken cancellationToken = default);
}

/// <summary>Whether a thing lives or waits in the bin.</summary>
public enum LifecycleStage
{
    /// <summary>In use.</summary>
    Active = 0,

    /// <summary>Soft-deleted, can be restored.</summary>
    Deleted = 1,
}

/// <summary>Which lifecycle stages a search sees.</summary>
public enum LifecycleView
{
    /// <summary>Active ones.</summary>
    ActiveOnly = 1,

    /// <summary>Deleted ones.</summary>
    DeletedOnly = 2,

    /// <summary>Both.</summary>
    All = 3,
}

/// <summary>An experiment. Times are Unix milliseconds, as in every tracking protocol.</summary>
[GenerateSerializer, Immutable, Alias("mlops.Experiment")]
public sealed record Experiment(
    [property: Id(0)] string ExperimentId,
    [property: Id(1)] string Name,
    [property: Id(2)] string ArtifactLocation,
    [property: Id(3)] LifecycleStage LifecycleStage,
    [property: Id(4)] long CreationTime,
    [property: Id(5)] long LastUpdateTime,
    [property: Id(6)] IReadOnlyList<Tag> Tags);

/// <summary>A tag, param or any pair of texts.</summary>
[GenerateSerializer, Immutable, Alias("mlops.Tag")]
public sealed record Tag([property: Id(0)] string Key, [property: Id(1)] string Value);
