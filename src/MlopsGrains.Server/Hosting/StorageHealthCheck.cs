using Microsoft.Extensions.Diagnostics.HealthChecks;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Integrity;

namespace MlopsGrains.Server.Hosting;

/// <summary>Damage does not make a server unready: everything else goes on. It is said until the server starts anew without finding it.</summary>
internal sealed class StorageHealthCheck(DamageList damage) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(damage.Count == 0
        ? HealthCheckResult.Healthy()
        : HealthCheckResult.Degraded($"{damage.Count} stored {(damage.Count == 1 ? "thing is" : "things are")} damaged"));
}
