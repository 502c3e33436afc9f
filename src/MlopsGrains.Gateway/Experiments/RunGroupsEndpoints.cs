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

/// <summary>Groups of repeated runs, of the native API.</summary>
internal static class RunGroupsEndpoints
{
    public static void MapRunGroups(this IEndpointRouteBuilder endpoints)
    {
        var groups = endpoints.MapNative("Runs");
        groups.MapPost("/experiments/{id}/groups", Find).Requires(PermissionLevel.Read, AccessTarget.Experiment, "id").WithName("FindRunGroups")
            .WithSummary("Runs that differ only in their seeds, as groups: mean, standard deviation and confidence interval of each metric.")
            .WithExample("""{"filter":"params.depth = '4'","seedParams":["seed"],"metrics":["accuracy"],"confidence":0.95,"runsMin":2,"maxResults":100}""");
        groups.MapPost("/experiments/{id}/groups/compare", Compare).Requires(PermissionLevel.Read, AccessTarget.Experiment, "id").WithName("CompareRunGroups")
            .WithSummary("Whether the metrics of two groups differ by more than chance: Welch's t-test, Mann-Whitney, effect sizes.")
            .WithExample("""{"first":"5b1d","second":"c07e","seedParams":["seed"],"metrics":["accuracy"],"confidence":0.95}""");
    }

    private static async Task<Ok<RunGroupList>> Find(string id, RunGroupSearch search, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(new RunGroupList(await grains.GetGrain<IRunGroupsGrain>(0).Find(
            new RunGroupQuery(await Existing(grains, id, cancellationToken), search.Filter, search.SeedParams, search.Metrics, search.Confidence, search.RunsMin, search.MaxResults), cancellationToken)));

    private static async Task<Ok<RunGroupComparison>> Compare(string id, RunGroupPair pair, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await grains.GetGrain<IRunGroupsGrain>(0).Compare(
            new RunGroupQuery(await Existing(grains, id, cancellationToken), pair.Filter, pair.SeedParams, pair.Metrics, pair.Confidence), pair.First, pair.Second, cancellationToken));

    private static async Task<string> Existing(IGrainFactory grains, string id, CancellationToken cancellationToken) =>
        (await grains.GetGrain<IExperimentGrain>(TrackingIds.OfExperiment(id)).Get(cancellationToken) ?? throw TrackingErrors.NoExperiment(id)).ExperimentId;

    /// <summary>Which groups to find.</summary>
    internal sealed record RunGroupSearch(
        string? Filter = null,
        IReadOnlyList<string>? SeedParams = null,
        IReadOnlyList<string>? Metrics = null,
        double Confidence = 0.95,
        int RunsMin = 2,
        int MaxResults = 100);

    /// <summary>Two groups, by the ids that a search with the same filter and seed params gave them.</summary>
    internal sealed record RunGroupPair(
        string First,
        string Second,
        string? Filter = null,
        IReadOnlyList<string>? SeedParams = null,
        IReadOnlyList<string>? Metrics = null,
        double Confidence = 0.95);

    internal sealed record RunGroupList(IReadOnlyList<RunGroup> Groups);
}
