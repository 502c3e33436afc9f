using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MlopsGrains.Grains.Deployments;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>What the monitoring domain needs beside its grains.</summary>
public static class MonitoringRegistration
{
    /// <summary>Keeps what a kill loses in a folder that outlives the process.</summary>
    public static IServiceCollection AddPredictionTallies(this IServiceCollection services, string folder) => services.Configure<PredictionTallyOptions>(o => o.Folder = folder);

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
        services.AddOptions<PredictionTallyOptions>();
        services.TryAddSingleton(provider => PredictionTally.Open(provider.GetRequiredService<IOptions<PredictionTallyOptions>>().Value.Folder, provider.GetRequiredService<IIdSource>().NewId()));
        services.TryAddSingleton<PredictionAggregator>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPredictionObserver, PredictionAggregator>(p => p.GetRequiredService<PredictionAggregator>()));
        services.AddHostedService<PredictionFlushService>();
        return services;
    }
}
