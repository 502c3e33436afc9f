using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlopsGrains.Grains.Experiments.Retention;
using MlopsGrains.Grains.Experiments.Runs;
using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Experiments;

/// <summary>The experiments room: what runs beside its grains.</summary>
public static class ExperimentsRegistration
{
    public static IServiceCollection AddExperiments(this IServiceCollection services)
    {
        services.AddSettings<HeartbeatOptions>();
        services.TryAddSingleton<ExperimentMetrics>();
        services.AddHostedService<HeartbeatSweep>();
        services.AddSettings<RetentionOptions>();
        services.AddHostedService<RetentionSweep>();
        return services;
    }
}
