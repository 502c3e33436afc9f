using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Limits;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Gateway.Webhooks;

/// <summary>Webhooks are made and changed by MLflow's methods; what waits for them and what is parked is seen here.</summary>
internal static class WebhooksEndpoints
{
    public static void MapWebhooks(this IEndpointRouteBuilder endpoints)
    {
        var webhooks = endpoints.MapNative("Webhooks");
        webhooks.MapGet("/webhooks/{id}/deliveries", Deliveries).RequiresAdministrator().WithName("ListWebhookDeliveries").WithSummary("What waits for a webhook and what is parked, oldest first.");
        webhooks.MapPost("/webhooks/{id}/deliveries/retry", RetryParked).RequiresAdministrator().WithName("RetryWebhookDeliveries").WithSummary("Sends what is parked again.");
        endpoints.MapMlflowWebhooks();
    }

    private static async Task<Ok<WebhookQueue>> Deliveries(string id, IGrainFactory grains, CancellationToken cancellationToken, int limit = 100) =>
        TypedResults.Ok(await At(grains).Deliveries(id, Limit.Page("limit", limit, WebhookLimits.PageMax), cancellationToken));

    private static async Task<Ok<RetriedDeliveries>> RetryParked(string id, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(new RetriedDeliveries(await At(grains).RetryParked(id, cancellationToken)));

    private static IWebhooksGrain At(IGrainFactory grains) => grains.GetGrain<IWebhooksGrain>(IWebhooksGrain.Main);

    internal sealed record RetriedDeliveries(int Retried);
}
