using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlopsGrains.Grains.Deployments;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>What the monitoring domain needs beside its grains.</summary>
public static class MonitoringRegistration
{
    /// <summary>Adds the per-silo aggregator that sees each prediction, and the service that sends its counts. Call after the silo's own services are there.</summary>
    public static IServiceCollection AddMonitoring(this IServiceCollection services)
    {
        services.TryAddSingleton<MonitoringMetrics>();
        services.TryAddSingleton<IDeployedModel, DeployedModel>();
        services.TryAddSingleton<Func<string, IMonitorGrain>>(provider =>
        {
            var grains = provider.GetRequiredService<IGrainFactory>();
            return deployment => grains.GetGrain<IMonitorGrain>(deployment);
        });
        services.TryAddSingleton<PredictionAggregator>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPredictionObserver, PredictionAggregator>(p => p.GetRequiredService<PredictionAggregator>()));
        services.AddHostedService<PredictionFlushService>();
        return services;
    }
}
