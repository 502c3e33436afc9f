namespace MlopsGrains.Experiments;

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

/// <summary>What is needed to create an experiment.</summary>
/// <param name="Name">1–500 characters.</param>
/// <param name="ArtifactLocation">At most 2,048 characters; <see langword="null"/> for the platform's own store.</param>
/// <param name="Tags">Initial tags.</param>
[GenerateSerializer, Immutable, Alias("mlops.NewExperiment")]
public sealed record NewExperiment(
    [property: Id(0)] string Name,
    [property: Id(1)] string? ArtifactLocation = null,
    [property: Id(2)] IReadOnlyList<Tag>? Tags = null);

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
