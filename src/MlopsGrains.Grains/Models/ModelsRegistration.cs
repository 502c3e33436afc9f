using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace MlopsGrains.Grains.Models;

/// <summary>The models room.</summary>
public static class ModelsRegistration
{
    public static IServiceCollection AddModels(this IServiceCollection services)
    {
        services.AddOptions<ModelFileOptions>().BindConfiguration(ModelFileOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ModelFileOptions>, ModelFileOptionsValidator>());
        services.TryAddSingleton<ModelFileLoader>();
        return services.AddHostedService<RegistrySweep>();
    }

    private sealed class ModelFileOptionsValidator : IValidateOptions<ModelFileOptions>
    {
        public ValidateOptionsResult Validate(string? name, ModelFileOptions options)
        {
            var faults = options.Faults().ToList();
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
