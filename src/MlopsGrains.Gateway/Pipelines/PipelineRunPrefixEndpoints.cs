using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Gateway.Pipelines;

/// <summary>Finds pipeline runs by the beginning of their ids, as people type them. Reads names only, so that no run is loaded that is not answered.</summary>
internal static class PipelineRunPrefixEndpoints
{
    public static void MapPipelineRunPrefixes(this RouteGroupBuilder pipelines) =>
        pipelines.MapGet("/pipeline-runs", Find).ShowsReadable().WithName("FindPipelineRuns").WithSummary("Runs of any pipeline whose ids begin with 4–32 hex digits.");

    private static async Task<Ok<IReadOnlyList<PipelineRun>>> Find(string idPrefix, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken, int limit = 10)
    {
        Limit.Page("limit", limit, PipelineLimits.RunsFoundMax);
        if (idPrefix.Length is < PipelineLimits.RunIdPrefixLengthMin or > IdFormat.Length || !idPrefix.All(char.IsAsciiHexDigitLower))
        {
            throw MlopsException.Invalid("idPrefix", $"idPrefix must be {PipelineLimits.RunIdPrefixLengthMin} to {IdFormat.Length} lower-case hex digits.");
        }

        var found = new List<string>();
        await foreach (var pipeline in Names(grains, CatalogKinds.Pipelines, cancellationToken))
        {
            if (!await context.MayReadAsync(PermissionKind.Pipeline, pipeline))
            {
                continue;
            }

            await foreach (var entry in Names(grains, CatalogKinds.RunsOf(pipeline), cancellationToken))
            {
                if (PipelineRunIndex.RunId(entry).StartsWith(idPrefix, StringComparison.Ordinal))
                {
                    found.Add(PipelineRunIndex.RunId(entry));
                }
            }
        }

        var runs = await Task.WhenAll(found.Order(StringComparer.Ordinal).Take(limit).Select(id => grains.GetGrain<IPipelineRunGrain>(id).Get(cancellationToken)));
        return TypedResults.Ok<IReadOnlyList<PipelineRun>>([.. runs.OfType<PipelineRun>()]);
    }

    private static async IAsyncEnumerable<string> Names(IGrainFactory grains, string kind, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        do
        {
            var page = await grains.GetGrain<ICatalogGrain>(kind).List(after, ICatalogGrain.NamesPerPageMax, cancellationToken);
            foreach (var name in page.Items)
            {
                yield return name;
            }

            after = page.NextPageToken;
        }
        while (after is not null);
    }
}
