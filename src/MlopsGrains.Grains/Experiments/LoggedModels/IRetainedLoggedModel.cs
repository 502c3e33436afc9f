using MlopsGrains.Grains.Experiments.Runs;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

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
