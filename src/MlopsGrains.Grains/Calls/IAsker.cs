namespace MlopsGrains.Grains.Calls;

/// <summary>A gateway, as silos ask it about its calls.</summary>
[GrainInterfaceType("asker")]
internal interface IAsker : IGrainObserver
{
    /// <summary>Those of some calls whose answer is still waited for.</summary>
    [Alias("StillWaitsFor")]
    Task<long[]> StillWaitsFor(long[] calls);
}
