namespace MlopsGrains.Server.Hosting;

/// <summary>
/// Orleans measures spans by the time of day; with a clock that was set back it wakes no grain any more. What is its own business gets a time of day that nobody sets: that of the
/// start, and what has passed since. Membership keeps the real one, because its table is compared with other processes.
/// </summary>
internal sealed class SteadyTime : TimeProvider
{
    private readonly DateTimeOffset began = System.GetUtcNow();
    private readonly long at = System.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => began + System.GetElapsedTime(at);
}

internal static class SteadyTimeRegistration
{
    public static void AddSteadyTime(this IServiceCollection services)
    {
        var steady = new SteadyTime();
        foreach (var area in new[] { TimeProviderNames.ActivationManagement, TimeProviderNames.GrainDirectory, TimeProviderNames.Grains, TimeProviderNames.Messaging, TimeProviderNames.SystemTimers })
        {
            services.AddKeyedSingleton<TimeProvider>(area, steady);
        }
    }
}
