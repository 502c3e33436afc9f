using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MlopsGrains.Calls;
using Orleans.Configuration;

namespace MlopsGrains.Grains.Calls;

/// <summary>Deadlines of calls, and what is done about a process that did not run for a while.</summary>
public static class CallsRegistration
{
    /// <summary>Stamps a client's calls with how long it waits, makes those again that no silo took, and gives up those that a silo took with it.</summary>
    public static IClientBuilder AddCalls(this IClientBuilder client)
    {
        ArgumentNullException.ThrowIfNull(client);
        client.Services.AddSingleton<Asker>();
        client.Services.AddSingleton<LostSilos>();
        client.Services.AddHostedService(services => services.GetRequiredService<LostSilos>());
        client.Services.AddSingleton<IOutgoingGrainCallFilter>(services => ActivatorUtilities.CreateInstance<CallStamp>(services, PatienceOf(services)));
        client.Services.AddSingleton<IOutgoingGrainCallFilter>(services => ActivatorUtilities.CreateInstance<Redelivery>(services, PatienceOf(services)));
        return client.AddGatewayCountChangedHandler(services => (_, connections) =>
        {
            if (connections.NumberOfConnectedGateways < connections.PreviousNumberOfConnectedGateways)
            {
                services.GetRequiredService<LostSilos>().Note();
            }
        });

        static object PatienceOf(IServiceProvider services) => services.GetRequiredService<IOptions<ClientMessagingOptions>>().Value.ResponseTimeout;
    }

    internal static void AddCalls(this ISiloBuilder silo)
    {
        if (silo.Services.Any(service => service.ServiceType == typeof(CallGate)))
        {
            return;
        }

        silo.Services.AddPauseGate();
        silo.Services.AddSingleton<AskerQuestions>();
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
