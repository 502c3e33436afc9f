using MlopsGrains.Grains.Experiments.LoggedModels;
using MlopsGrains.Grains.Experiments.Runs;

namespace MlopsGrains.Grains.Experiments;

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
