using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace MlopsGrains.Settings;

/// <summary>How every section of the configuration is read and checked.</summary>
public static class SettingsRegistration
{
    /// <summary>Reads <typeparamref name="T"/> from its section, and checks it when the host starts.</summary>
    public static OptionsBuilder<T> AddSettings<T>(this IServiceCollection services)
        where T : class, ISettings =>
        services.CheckSettings<T>().BindConfiguration(T.Section);

    /// <summary>Checks <typeparamref name="T"/> when the host starts, wherever its values come from.</summary>
    public static OptionsBuilder<T> CheckSettings<T>(this IServiceCollection services)
        where T : class, ISettings
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<T>, Validator<T>>());
        return services.AddOptions<T>().ValidateOnStart();
    }

    private sealed class Validator<T> : IValidateOptions<T>
        where T : class, ISettings
    {
        public ValidateOptionsResult Validate(string? name, T options)
        {
            var faults = options.Faults().ToList();
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
