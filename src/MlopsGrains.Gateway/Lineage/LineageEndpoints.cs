using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Governance;

namespace MlopsGrains.Gateway.Lineage;

internal static class LineageEndpoints
{
    private const int DepthDefault = 3;

    public static void MapLineage(this IEndpointRouteBuilder endpoints) => endpoints.MapNative("Lineage")
        .MapGet("/lineage", Get).ShowsReadable().WithName("GetLineage")
        .WithSummary("What a thing was made from and what was made from it, up to depth steps (3, at most 5) each way: a dataset version, pipeline run, run, model version, deployment or monitor.");

    private static async Task<Ok<LineageGraph>> Get(string of, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken, int depth = DepthDefault) =>
        depth is >= 0 and <= LineageGraph.DepthMax
            ? TypedResults.Ok(await new LineageWalk(context, grains, cancellationToken).FromAsync(of, depth))
            : throw MlopsException.Invalid("depth", $"depth is {depth}; expected 0 to {LineageGraph.DepthMax}.");
}
