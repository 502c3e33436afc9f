namespace MlopsGrains.Experiments;

/// <summary>What one stored event changed in a run; what it did not touch is <see langword="null"/>.</summary>
/// <param name="Version">The run's version after it.</param>
/// <param name="Info">The head, when something in it changed.</param>
/// <param name="Metrics">Points that were logged.</param>
/// <param name="Params">Params that were logged.</param>
/// <param name="Tags">Tags that were set.</param>
/// <param name="DeletedTags">Keys of tags that were removed.</param>
/// <param name="Inputs">Datasets that were added.</param>
/// <param name="ModelInputs">Logged models that were added as inputs.</param>
/// <param name="ModelOutputs">Logged models that were added as outputs.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunChange")]
public sealed record RunChange(
    [property: Id(0)] long Version,
    [property: Id(1)] RunInfo? Info = null,
    [property: Id(2)] MetricColumns? Metrics = null,
    [property: Id(3)] IReadOnlyList<Tag>? Params = null,
    [property: Id(4)] IReadOnlyList<Tag>? Tags = null,
    [property: Id(5)] IReadOnlyList<string>? DeletedTags = null,
    [property: Id(6)] IReadOnlyList<DatasetInput>? Inputs = null,
    [property: Id(7)] IReadOnlyList<string>? ModelInputs = null,
    [property: Id(8)] IReadOnlyList<ModelOutput>? ModelOutputs = null);

/// <summary>An answer to somebody who watches a run.</summary>
/// <param name="Version">From where to watch next.</param>
/// <param name="Reset">The whole run, when changes since the asked version are not remembered.</param>
/// <param name="Changes">In the order they were stored; none after the wait.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunChanges")]
public sealed record RunChanges([property: Id(0)] long Version, [property: Id(1)] Run? Reset, [property: Id(2)] IReadOnlyList<RunChange> Changes);

/// <summary>What happened to a run of an experiment.</summary>
public enum ExperimentChangeKind
{
    /// <summary>It began.</summary>
    Created = 1,

    /// <summary>It logged, or its head changed.</summary>
    Updated = 2,

    /// <summary>It ended, well or not.</summary>
    Ended = 3,

    /// <summary>It was marked deleted.</summary>
    Deleted = 4,

    /// <summary>It came back.</summary>
    Restored = 5,
}

/// <summary>A run of an experiment as it is after a change.</summary>
/// <param name="Change">What happened.</param>
/// <param name="Info">The run's head.</param>
/// <param name="Metrics">Its latest points, at most 100 keys.</param>
[GenerateSerializer, Immutable, Alias("mlops.ExperimentChange")]
public sealed record ExperimentChange(
    [property: Id(0)] ExperimentChangeKind Change, [property: Id(1)] RunInfo Info, [property: Id(2)] IReadOnlyList<Metric> Metrics);

/// <summary>An answer to somebody who watches an experiment.</summary>
/// <param name="Version">From where to watch next.</param>
/// <param name="Reset">Whether changes since the asked version are not remembered: search the runs again.</param>
/// <param name="Changes">The first of them has version <c>Version - Changes.Count + 1</c>.</param>
[GenerateSerializer, Immutable, Alias("mlops.ExperimentChanges")]
public sealed record ExperimentChanges([property: Id(0)] long Version, [property: Id(1)] bool Reset, [property: Id(2)] IReadOnlyList<ExperimentChange> Changes);

/// <summary>What happens to the runs of an experiment, while somebody watches. The key is the experiment's id. Kept in memory only.</summary>
[GrainInterfaceType("experiment-feed")]
public interface IExperimentFeedGrain : IGrainWithStringKey
{
    /// <summary>Changes after a version, as soon as there are some, or none after <paramref name="wait"/> (at most 10 seconds).</summary>
    [Alias("Watch"), AlwaysInterleave]
    Task<ExperimentChanges> Watch(long? after, TimeSpan wait, CancellationToken cancellationToken = default);

    /// <summary>Called by a run, which does not wait.</summary>
    [Alias("Tell"), OneWay]
    Task Tell(ExperimentChange change);
}
