using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace MlopsGrains.Grains.Deployments;

/// <summary>The deployments room: what each silo keeps to score.</summary>
public static class DeploymentsRegistration
{
    public static IServiceCollection AddDeployments(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<ModelHostOptions>().BindConfiguration(ModelHostOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ModelHostOptions>, ModelHostOptionsValidator>());
        services.TryAddSingleton<ServingMetrics>();
        services.TryAddSingleton<ModelHost>();
        services.TryAddSingleton<DeploymentDirectory>();
        return services;
    }

    private sealed class ModelHostOptionsValidator : IValidateOptions<ModelHostOptions>
    {
        public ValidateOptionsResult Validate(string? name, ModelHostOptions options)
        {
            var faults = options.Faults().ToList();
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
