using Microsoft.Extensions.Diagnostics.HealthChecks;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Damage;

namespace MlopsGrains.Server.Hosting;

/// <summary>
/// A server that cannot store is not ready. Damage does not make it so: everything else goes on. That is said until the server starts anew without finding it. The disks are asked
/// once in two seconds, however often anybody asks.
/// </summary>
internal sealed class StorageHealthCheck(StorageReadiness storage, DamageList damage, TimeProvider time) : IHealthCheck, IDisposable
{
    private static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim oneAtATime = new(1);
    private long checkedAt;
    private string? fault;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await oneAtATime.WaitAsync(cancellationToken);
        try
        {
            if (checkedAt == 0 || time.GetElapsedTime(checkedAt) > AgeMax)
            {
                fault = await storage.FindFaultAsync(cancellationToken);
                checkedAt = time.GetTimestamp();
            }
        }
        finally
        {
            oneAtATime.Release();
        }

        return fault is not null ? HealthCheckResult.Unhealthy(fault)
            : damage.Count == 0 ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded($"{damage.Count} stored {(damage.Count == 1 ? "thing is" : "things are")} damaged");
    }

    public void Dispose() => oneAtATime.Dispose();
}
