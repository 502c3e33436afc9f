using Microsoft.Extensions.DependencyInjection;

namespace MlopsGrains.Grains.Models;

/// <summary>The models room.</summary>
public static class ModelsRegistration
{
    public static IServiceCollection AddModels(this IServiceCollection services) => services.AddHostedService<RegistrySweep>();
}
