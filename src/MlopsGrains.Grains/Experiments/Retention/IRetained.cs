using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments.Retention;

/// <summary>A run that may be removed for good. The key is the run's id.</summary>
[GrainInterfaceType("retained-run")]
internal interface IRetainedRun : IGrainWithStringKey
{
    /// <summary>
    /// Removes the run and its artifact names when it was deleted by <paramref name="deletedBefore"/> (Unix milliseconds); again changes nothing. Answers how many
    /// artifact files went (0 when the run was gone already), or <see langword="null"/> when it stays.
    /// </summary>
    [Alias("Purge")]
    Task<int?> Purge(long deletedBefore, bool dryRun, CancellationToken cancellationToken = default);
}

/// <summary>What a logged model asks its source run.</summary>
[GrainInterfaceType("source-run")]
internal interface ISourceRun : IGrainWithStringKey
{
    /// <summary>Whether the run was removed for good; not so of one that never was.</summary>
    [Alias("IsGone"), AlwaysInterleave]
    Task<bool> IsGone(CancellationToken cancellationToken = default);
}

/// <summary>A logged model that may be removed for good. The key is the model's id.</summary>
[GrainInterfaceType("retained-logged-model")]
internal interface IRetainedLoggedModel : IGrainWithStringKey
{
    /// <summary>
    /// Removes the model and its artifact names when no registered model has a version of it and it was deleted by <paramref name="deletedBefore"/> (Unix milliseconds), its
    /// experiment goes, or its source run is gone; again changes nothing. Answers as <see cref="IRetainedRun.Purge"/> does.
    /// </summary>
    [Alias("Purge")]
    Task<int?> Purge(long deletedBefore, bool withExperiment, bool dryRun, CancellationToken cancellationToken = default);
}

/// <summary>An experiment that may be removed for good, with its runs. The key is the experiment's id.</summary>
[GrainInterfaceType("retained-experiment")]
internal interface IRetainedExperiment : IGrainWithStringKey
{
    /// <summary>
    /// <see cref="IRetainedRun.Purge"/> of some of its runs, in the experiment's own turn: whether a run is deleted is for the experiment to say while its runs follow a
    /// restoration, and a restoration that comes meanwhile waits. Answers in the order of the ids.
    /// </summary>
    [Alias("PurgeRuns")]
    Task<IReadOnlyList<int?>> PurgeRuns(IReadOnlyList<string> runIds, long deletedBefore, bool dryRun, CancellationToken cancellationToken = default);

    /// <summary><see cref="IRetainedLoggedModel.Purge"/> of some of its logged models, in the experiment's own turn. Answers in the order of the ids.</summary>
    [Alias("PurgeModels")]
    Task<IReadOnlyList<int?>> PurgeModels(IReadOnlyList<string> modelIds, long deletedBefore, bool dryRun, CancellationToken cancellationToken = default);

    /// <summary>Removes the experiment when it was deleted by <paramref name="deletedBefore"/> (Unix milliseconds). Answers whether it is gone.</summary>
    [Alias("Purge")]
    Task<bool> Purge(long deletedBefore, CancellationToken cancellationToken = default);
}
