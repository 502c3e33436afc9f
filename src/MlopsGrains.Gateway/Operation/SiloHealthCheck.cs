using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;

namespace MlopsGrains.Gateway.Operation;

/// <summary>Ready means: a grain answers, which needs a silo and its storage, and the program is not stopping.</summary>
internal sealed class SiloHealthCheck(IGrainFactory grains, IHostApplicationLifetime lifetime) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!lifetime.ApplicationStarted.IsCancellationRequested || lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy("starting or stopping");
        }

        try
        {
            await grains.GetGrain<ICatalogGrain>(CatalogKinds.Deployments).List(null, 1, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.DataLoss)
        {
            return HealthCheckResult.Degraded(e.Message);
        }
    }
}
