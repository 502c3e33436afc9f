namespace MlopsGrains.Grains.Monitoring;

/// <summary>
/// The monitor's own door to itself: what its timer learns outside a turn comes back in as a turn. The key is the monitor's, and the grain type is named because the
/// monitor serves two interfaces.
/// </summary>
[GrainInterfaceType("monitor-notices")]
internal interface IMonitorNoticesGrain : IGrainWithStringKey
{
    /// <summary>A notice was heard; the same one again changes nothing.</summary>
    [Alias("Delivered")]
    Task Delivered(long notice, string? pipelineRun);

    /// <summary>Closes the open window when its time is over.</summary>
    [Alias("Tick")]
    Task Tick();
}
