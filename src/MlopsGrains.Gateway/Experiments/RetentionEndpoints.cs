using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.OpenApi;

namespace MlopsGrains.Gateway.Experiments;

internal static class RetentionEndpoints
{
    private const long DeletedForSecondsMax = TrackingLimits.DeletedForDaysMax * 86_400L;

    public static void MapRetention(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapNative("Experiments").MapPost("/retention/gc", Collect).RequiresAdministrator().WithName("CollectDeleted")
            .WithSummary("One bounded step of removing for good what has been deleted for long enough, and stored bytes that nothing has named for the grace time; repeat with the page token until there is none.")
            .WithExample("""{"deletedForSeconds":2592000,"dryRun":true}""");

    private static async Task<Ok<RetentionStep>> Collect(GcOrder order, IGrainFactory grains, CancellationToken cancellationToken)
    {
        if (order.DeletedForSeconds is < 0 or > DeletedForSecondsMax)
        {
            throw MlopsException.Invalid("deletedForSeconds", $"deletedForSeconds is {order.DeletedForSeconds}; expected 0–{DeletedForSecondsMax}.");
        }

        var deletedFor = order.DeletedForSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        return TypedResults.Ok(await grains.GetGrain<IRetentionGrain>(IRetentionGrain.Main).Collect(new RetentionRequest(deletedFor, order.DryRun, order.PageToken), cancellationToken));
    }

    /// <param name="DeletedForSeconds">0–315,360,000; the server's setting (30 days) when left out.</param>
    /// <param name="DryRun">Counts only.</param>
    /// <param name="PageToken">From the step before.</param>
    internal sealed record GcOrder(long? DeletedForSeconds = null, bool DryRun = false, string? PageToken = null);
}
