using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Paging;
using MlopsGrains.Pipelines;
using MlopsGrains.Texts;

namespace MlopsGrains.Gateway.Pipelines;

/// <summary>Runs of all pipelines that the caller may read. The pipelines' own lists are merged, so no run is loaded that is not answered or asked for its status.</summary>
internal static class PipelineRunListEndpoints
{
    private const string PageList = "pipeline-runs";
    private const int NamesAtOnce = 100;
    private const int RunsAtOnce = 32;

    private static readonly string Statuses = string.Join(", ", Enum.GetNames<PipelineRunStatus>().Select(s => s.ToLowerInvariant()));

    public static void MapPipelineRunList(this RouteGroupBuilder pipelines) =>
        pipelines.MapGet("/pipeline-runs", List).ShowsReadable().WithName("FindPipelineRuns")
            .WithSummary("Runs of all pipelines, newest first; of one pipeline, with one status, or whose ids begin with 4–32 hex digits.");

    private static async Task<Ok<Page<PipelineRun>>> List(
        IGrainFactory grains, HttpContext context, CancellationToken cancellationToken, string? pipeline = null, string? status = null, string? idPrefix = null, int limit = 20, string? pageToken = null)
    {
        Limit.Page("limit", limit, PipelineLimits.RunsPerListMax);
        CheckPrefix(idPrefix);
        var wanted = Status(status);
        var list = $"{PageList}/{pipeline}/{wanted}/{idPrefix}";
        var after = PageToken.Read<string>(list, pageToken);

        var entries = new NewestEntries(grains, after, idPrefix is null ? NamesAtOnce : ICatalogGrain.NamesPerPageMax);
        await entries.OpenAsync(await PipelinesAsync(grains, context, pipeline, cancellationToken), cancellationToken);

        var (found, lookedAt) = (new List<PipelineRun>(), 0);
        string? last = null;
        while (found.Count < limit && lookedAt < PipelineLimits.RunsLookedAtMax
            && await entries.TakeAsync(RunsAtOnce, e => idPrefix is null || PipelineRunIndex.RunId(e).StartsWith(idPrefix, StringComparison.Ordinal), cancellationToken) is { Count: > 0 } batch)
        {
            lookedAt += batch.Count;
            var runs = await Task.WhenAll(batch.Select(e => grains.GetGrain<IPipelineRunGrain>(PipelineRunIndex.RunId(e)).Get(cancellationToken)));
            for (var i = 0; i < runs.Length && found.Count < limit; i++)
            {
                last = batch[i];
                if (runs[i] is { } run && (wanted is null || run.Status == wanted))
                {
                    found.Add(run);
                }
            }

            if (found.Count == limit && last != batch[^1])
            {
                return TypedResults.Ok(new Page<PipelineRun>(found, PageToken.Write(list, last!)));
            }
        }

        return TypedResults.Ok(new Page<PipelineRun>(found, entries.HasMore && last is not null ? PageToken.Write(list, last) : null));
    }

    private static async Task<IReadOnlyList<string>> PipelinesAsync(IGrainFactory grains, HttpContext context, string? pipeline, CancellationToken cancellationToken)
    {
        if (pipeline is not null)
        {
            _ = await grains.GetGrain<IPipelineGrain>(Names.Check("pipeline", pipeline)).Versions(null, 1, cancellationToken);
            return await context.ReadableAsync(PermissionKind.Pipeline, [pipeline], name => name);
        }

        return await CatalogPages.ReadNames(context, PermissionKind.Pipeline, CatalogKinds.Pipelines, cancellationToken);
    }

    private static PipelineRunStatus? Status(string? status) => string.IsNullOrEmpty(status) ? null
        : status.All(char.IsAsciiLetter) && Enum.TryParse<PipelineRunStatus>(status, ignoreCase: true, out var wanted) ? wanted
        : throw MlopsException.Invalid("status", $"status is '{status.Shorten(100)}'; expected one of {Statuses}.");

    private static void CheckPrefix(string? idPrefix)
    {
        if (idPrefix is not null && (idPrefix.Length is < PipelineLimits.RunIdPrefixLengthMin or > IdFormat.Length || !idPrefix.All(char.IsAsciiHexDigitLower)))
        {
            throw MlopsException.Invalid("idPrefix", $"idPrefix must be {PipelineLimits.RunIdPrefixLengthMin} to {IdFormat.Length} lower-case hex digits.");
        }
    }
}
