namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>A run of which signs of life are expected. The key is the run's id.</summary>
[GrainInterfaceType("awaited-run")]
internal interface IAwaitedRun : IGrainWithStringKey
{
    /// <summary>Fails the run when it has been silent for too long; takes it off the list when nobody waits for it any more.</summary>
    [Alias("CheckHeartbeat")]
    Task CheckHeartbeat(CancellationToken cancellationToken = default);
}
