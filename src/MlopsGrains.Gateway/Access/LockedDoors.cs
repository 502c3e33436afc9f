using Microsoft.AspNetCore.Routing;

namespace MlopsGrains.Gateway.Access;

/// <summary>The check at start that every endpoint says what it asks of its callers.</summary>
internal static class LockedDoors
{
    /// <exception cref="InvalidOperationException">Some endpoints say nothing; all are named.</exception>
    public static void Check(EndpointDataSource endpoints)
    {
        var open = endpoints.Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<AccessNeed>() is null)
            .Select(e => $"{string.Join(' ', e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [])} {e.RoutePattern.RawText}".Trim())
            .ToList();
        if (open.Count > 0)
        {
            throw new InvalidOperationException($"These endpoints do not say what they ask of their callers; add Requires(…) or one of its likes beside the route: {string.Join(", ", open)}.");
        }
    }
}
