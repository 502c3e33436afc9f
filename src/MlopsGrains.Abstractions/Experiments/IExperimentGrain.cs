using Orleans.Runtime;

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

/// <summary>Gives out experiment ids, keeps names unique and answers searches. One grain, key <see cref="Main"/>.</summary>
[GrainInterfaceType("experiment-catalog")]
public interface IExperimentCatalogGrain : IGrainWithStringKey
{
    /// <summary>The key of the only catalog.</summary>
    const string Main = "main";

    /// <summary>Creates an experiment; a used name, also of a deleted experiment, is refused (<see cref="Errors.ErrorKind.AlreadyExists"/>).</summary>
    [Alias("Create")]
    Task<Experiment> Create(NewExperiment experiment, CancellationToken cancellationToken = default);

    /// <summary>The experiment of that name, deleted or not, or <see langword="null"/>.</summary>
    [Alias("FindByName")]
    Task<Experiment?> FindByName(string name, CancellationToken cancellationToken = default);

    /// <summary>Experiments that match. Default order: creation time descending, then id descending.</summary>
    [Alias("Search")]
    Task<Paging.Page<Experiment>> Search(ExperimentQuery query, CancellationToken cancellationToken = default);

    /// <summary>Called by an experiment: reserves a new name for it; reserving the name it has changes nothing.</summary>
    [Alias("Rename")]
    Task Rename(string experimentId, string name, CancellationToken cancellationToken = default);

    /// <summary>Called by an experiment after each change, so that searches see it.</summary>
    [Alias("Changed")]
    Task Changed(Experiment experiment, CancellationToken cancellationToken = default);

    /// <summary>The experiment with the lowest number from <paramref name="number"/> on, deleted or not, or <see langword="null"/>.</summary>
    [Alias("NextFrom")]
    Task<Experiment?> NextFrom(long number, CancellationToken cancellationToken = default);

    /// <summary>Called when an experiment is gone for good: its name is free again, its id is never given out again.</summary>
    [Alias("Remove")]
    Task Remove(string experimentId, CancellationToken cancellationToken = default);
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

/// <summary>What is needed to create an experiment.</summary>
/// <param name="Name">1–500 characters.</param>
/// <param name="ArtifactLocation">At most 2,048 characters; <see langword="null"/> for the platform's own store.</param>
/// <param name="Tags">Initial tags.</param>
[GenerateSerializer, Immutable, Alias("mlops.NewExperiment")]
public sealed record NewExperiment(
    [property: Id(0)] string Name,
    [property: Id(1)] string? ArtifactLocation = null,
    [property: Id(2)] IReadOnlyList<Tag>? Tags = null);

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

/// <summary>A search over experiments.</summary>
/// <param name="Filter">MLflow's filter grammar over <c>name</c>, <c>creation_time</c>, <c>last_update_time</c> and <c>tags.x</c>; <see langword="null"/> for all.</param>
/// <param name="View">Which lifecycle stages.</param>
/// <param name="OrderBy">Keys with <c>ASC</c> or <c>DESC</c>.</param>
/// <param name="MaxResults">1–50,000.</param>
/// <param name="PageToken">From the page before.</param>
[GenerateSerializer, Immutable, Alias("mlops.ExperimentQuery")]
public sealed record ExperimentQuery(
    [property: Id(0)] string? Filter,
    [property: Id(1)] LifecycleView View,
    [property: Id(2)] IReadOnlyList<string> OrderBy,
    [property: Id(3)] int MaxResults,
    [property: Id(4)] string? PageToken);

/// <summary>A tag, param or any pair of texts.</summary>
[GenerateSerializer, Immutable, Alias("mlops.Tag")]
public sealed record Tag([property: Id(0)] string Key, [property: Id(1)] string Value);
