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
    }

    private static async Task<Ok<RunKeys>> Count(string id, RunKeySearch search, IGrainFactory grains, CancellationToken cancellationToken)
    {
        var experiment = await grains.GetGrain<IExperimentGrain>(TrackingIds.OfExperiment(id)).Get(cancellationToken) ?? throw TrackingErrors.NoExperiment(id);
        return TypedResults.Ok(await grains.GetGrain<IRunSearchGrain>(0).Keys(new RunKeysQuery(experiment.ExperimentId, search.Filter, search.View, search.Columns, search.Limit), cancellationToken));
    }

    /// <summary>Which keys to count.</summary>
    internal sealed record RunKeySearch(string? Filter = null, LifecycleView View = LifecycleView.ActiveOnly, IReadOnlyList<string>? Columns = null, int Limit = 1000);
}
