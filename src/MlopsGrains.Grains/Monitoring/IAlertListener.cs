using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>
/// Hears of a raised alert after it is durable. Called at least once: a listener that starts something takes the alert's id as its idempotency key.
/// An exception means "again later", while the alert is open.
/// </summary>
public interface IAlertListener
{
    /// <summary>Returns the id of the pipeline run that it started, or <see langword="null"/>.</summary>
    Task<string?> OnAlert(Alert alert, MonitorRules rules, CancellationToken cancellationToken);
}
