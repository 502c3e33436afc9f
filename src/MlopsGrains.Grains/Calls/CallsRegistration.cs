using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MlopsGrains.Calls;
using Orleans.Configuration;

namespace MlopsGrains.Grains.Calls;

/// <summary>Deadlines of calls, and what is done about a process that did not run for a while.</summary>
public static class CallsRegistration
{
    /// <summary>Stamps a client's calls with how long it waits, and makes those again that no silo took.</summary>
    public static IClientBuilder AddCalls(this IClientBuilder client)
    {
        ArgumentNullException.ThrowIfNull(client);
        client.Services.AddSingleton<IOutgoingGrainCallFilter>(services => new CallStamp(
            services.GetRequiredService<PauseGate>(), services.GetRequiredService<CallClock>(), services.GetRequiredService<IOptions<ClientMessagingOptions>>().Value.ResponseTimeout));
        client.Services.AddSingleton<IOutgoingGrainCallFilter>(services => new Redelivery(
            services.GetRequiredService<CallClock>(), services.GetRequiredService<IOptions<ClientMessagingOptions>>().Value.ResponseTimeout));
        return client;
    }

    internal static void AddCalls(this ISiloBuilder silo)
    {
        if (silo.Services.Any(service => service.ServiceType == typeof(CallGate)))
        {
            return;
        }

        silo.Services.AddPauseGate();
        silo.Services.AddSingleton<CallGate>();
        silo.Services.AddSingleton<LongWait>();
        silo.Services.AddSingleton<IIncomingGrainCallFilter>(services => services.GetRequiredService<CallGate>());
    }

    internal static void AddPauseGate(this IServiceCollection services)
    {
        if (services.All(service => service.ServiceType != typeof(PauseGate)))
        {
            services.TryAddSingleton(new CallClock(TimeProvider.System));
            services.AddSingleton<PauseGate>();
            services.AddHostedService(provider => provider.GetRequiredService<PauseGate>());
        }
    }
}
