using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Webhooks;

/// <summary>Webhooks: their limits, the sender and the worker that delivers.</summary>
public static class WebhooksRegistration
{
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSettings<WebhookOptions>();
        services.TryAddSingleton<WebhookMetrics>();
        services.TryAddSingleton<WebhookSender>();
        services.AddHostedService<WebhookDeliveryService>();
        return services;
    }
}
