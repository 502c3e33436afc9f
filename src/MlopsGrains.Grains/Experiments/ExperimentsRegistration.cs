using Microsoft.Extensions.DependencyInjection;

namespace MlopsGrains.Grains.Experiments;

/// <summary>The experiments room: what runs beside its grains.</summary>
public static class ExperimentsRegistration
{
    public static IServiceCollection AddExperiments(this IServiceCollection services)
    {
        services.AddOptions<HeartbeatOptions>().Validate(o => o.SweepPeriod >= TimeSpan.FromMilliseconds(100), "HeartbeatOptions.SweepPeriod must be 100 ms or more.").ValidateOnStart();
        services.AddHostedService<HeartbeatSweep>();
        return services;
    }
}
