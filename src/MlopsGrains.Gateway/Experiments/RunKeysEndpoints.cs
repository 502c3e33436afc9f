using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>What the runs of an experiment have in common and where they differ, of the native API.</summary>
internal static class RunKeysEndpoints
{
    public static void MapRunKeys(this IEndpointRouteBuilder endpoints)
    {
        var keys = endpoints.MapNative("Runs");
        keys.MapPost("/experiments/{id}/keys", Count).Requires(PermissionLevel.Read, AccessTarget.Experiment, "id").WithName("FindRunKeys")
            .WithSummary("Which metrics, params and tags the matching runs of an experiment have: how many runs have each, its range or its commonest values.")
            .WithExample("""{"filter":"metrics.accuracy > 0.9","columns":["metrics.accuracy","params.depth"],"limit":100}""");
        keys.MapPost("/experiments/{id}/shares", Explain).Requires(PermissionLevel.Read, AccessTarget.Experiment, "id").WithName("ExplainMetric")
            .WithSummary("How much of a metric's variance each param explains over the newest 2,000 runs that match, told by a forest of regression trees; from 30 runs on.")
            .WithExample("""{"metric":"accuracy","filter":"params.depth != '1'"}""");
    }

    private static async Task<Ok<RunShares>> Explain(string id, RunShareSearch search, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await grains.GetGrain<IRunSharesGrain>(0).Explain(new RunSharesQuery(await Existing(grains, id, cancellationToken), search.Metric, search.Filter), cancellationToken));

    private static async Task<Ok<RunKeys>> Count(string id, RunKeySearch search, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await grains.GetGrain<IRunSearchGrain>(0).Keys(
            new RunKeysQuery(await Existing(grains, id, cancellationToken), search.Filter, search.View, search.Columns, search.Limit), cancellationToken));

    private static async Task<string> Existing(IGrainFactory grains, string id, CancellationToken cancellationToken) =>
        (await grains.GetGrain<IExperimentGrain>(TrackingIds.OfExperiment(id)).Get(cancellationToken) ?? throw TrackingErrors.NoExperiment(id)).ExperimentId;

    /// <summary>Which keys to count.</summary>
    internal sealed record RunKeySearch(string? Filter = null, LifecycleView View = LifecycleView.ActiveOnly, IReadOnlyList<string>? Columns = null, int Limit = 1000);

    /// <summary>Which metric to explain, over which runs.</summary>
    internal sealed record RunShareSearch(string Metric, string? Filter = null);
}
