using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MlopsGrains.Grains.Experiments.Retention;
using MlopsGrains.Grains.Experiments.Runs;

namespace MlopsGrains.Grains.Experiments;

/// <summary>The experiments room: what runs beside its grains.</summary>
public static class ExperimentsRegistration
{
    public static IServiceCollection AddExperiments(this IServiceCollection services)
    {
        services.AddOptions<HeartbeatOptions>().BindConfiguration(HeartbeatOptions.Section)
            .Validate(o => o.SweepPeriod >= TimeSpan.FromMilliseconds(100), $"{HeartbeatOptions.Section}:SweepPeriod must be 100 ms or more.").ValidateOnStart();
        services.TryAddSingleton<ExperimentMetrics>();
        services.AddHostedService<HeartbeatSweep>();
        services.AddOptions<RetentionOptions>().BindConfiguration("Retention").ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RetentionOptions>, RetentionOptionsValidator>());
        services.AddHostedService<RetentionSweep>();
        return services;
    }

    private sealed class RetentionOptionsValidator : IValidateOptions<RetentionOptions>
    {
        public ValidateOptionsResult Validate(string? name, RetentionOptions options)
        {
            var faults = options.Faults().ToList();
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
