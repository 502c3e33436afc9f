namespace MlopsGrains.Grains.Calls;

/// <summary>What has to be found out after the process did not run for a while, before it serves anything again.</summary>
public interface IAfterPause
{
    /// <summary>Returns when the process may go on; one that may not is ended here. What it throws is logged, and it is asked again.</summary>
    Task CheckAsync(TimeSpan pause, CancellationToken cancellationToken);
}
