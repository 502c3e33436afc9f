using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MlopsGrains.Gateway.Http;

internal static class NativeRoutes
{
    /// <summary>A group of native endpoints under <c>/api/v1</c> with one tag.</summary>
    public static RouteGroupBuilder MapNative(this IEndpointRouteBuilder endpoints, string tag) =>
        endpoints.MapGroup("/api/v1").WithTags(tag);
}
