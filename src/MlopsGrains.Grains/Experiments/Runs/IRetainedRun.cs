namespace MlopsGrains.Grains.Experiments.Runs;

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
