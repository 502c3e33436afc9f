using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Deployments;

/// <summary>The deployments room: what each silo keeps to score.</summary>
public static class DeploymentsRegistration
{
    public static IServiceCollection AddDeployments(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSettings<ModelHostOptions>();
        services.TryAddSingleton<ServingMetrics>();
        services.TryAddSingleton<ModelHost>();
        services.TryAddSingleton<DeploymentDirectory>();
        services.TryAddSingleton<ServingCounter>();
        services.AddHostedService<ServingFlushService>();
        return services;
    }
}
