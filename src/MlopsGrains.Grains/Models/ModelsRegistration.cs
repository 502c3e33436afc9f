using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Models;

/// <summary>The models room.</summary>
public static class ModelsRegistration
{
    public static IServiceCollection AddModels(this IServiceCollection services)
    {
        services.AddSettings<ModelFileOptions>();
        services.TryAddSingleton<ModelFileLoader>();
        return services.AddHostedService<RegistrySweep>();
    }
}
