using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Paging;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>Experiments of the native API, and the room's table of contents.</summary>
internal static class ExperimentsEndpoints
{
    public static void MapExperiments(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMlflowExperiments();
        endpoints.MapMlflowRuns();
        endpoints.MapMlflowMetrics();
        endpoints.MapMlflowArtifacts();
        endpoints.MapMlflowUploads();
        endpoints.MapMlflowLoggedModels();
        endpoints.MapRuns();
        endpoints.MapRunGroups();
        endpoints.MapRunKeys();
        endpoints.MapLiveEvents();
        endpoints.MapArtifacts();
        endpoints.MapRetention();

        var experiments = endpoints.MapNative("Experiments");
        experiments.MapGet("/experiments", List).ShowsReadable().WithName("ListExperiments").WithSummary("Experiments that match a filter, newest first.");
        experiments.MapPost("/experiments", Create).RequiresSignIn().Requires(PermissionLevel.Edit, AccessTarget.Location, "artifactLocation", optional: true).WithName("CreateExperiment").CreatesOnce().WithSummary("Creates an experiment with a name of its own.")
            .WithExample("""{"name":"iris","tags":[{"key":"team","value":"botany"}]}""");
        experiments.MapGet("/experiments/{id}", Get).Requires(PermissionLevel.Read, AccessTarget.Experiment, "id").WithName("GetExperiment").WithSummary("One experiment, deleted or not.");
        experiments.MapDelete("/experiments/{id}", Delete).Requires(PermissionLevel.Manage, AccessTarget.Experiment, "id").WithName("DeleteExperiment")
            .WithSummary("Deletes an experiment and its runs softly: they can be restored until retention removes them.");
        experiments.MapPost("/experiments/{id}/restore", Restore).Requires(PermissionLevel.Manage, AccessTarget.Experiment, "id").WithName("RestoreExperiment").WithSummary("Brings a deleted experiment back, with all its runs.");
    }

    private static async Task<Ok<Page<Experiment>>> List(
        IGrainFactory grains, HttpContext context, CancellationToken cancellationToken, string? filter = null, string view = "active", int limit = 100, string? pageToken = null)
    {
        var stage = view switch
        {
            "active" => LifecycleView.ActiveOnly,
            "deleted" => LifecycleView.DeletedOnly,
            "all" => LifecycleView.All,
            _ => throw MlopsException.Invalid("view", "view must be active, deleted or all."),
        };
        return TypedResults.Ok(await context.ReadablePageAsync(
            PermissionKind.Experiment, PageRequest.Native(limit, pageToken, TrackingLimits.ExperimentsPerListMax),
            (size, token) => Catalog(grains).Search(new ExperimentQuery(filter, stage, [], size, token), cancellationToken), e => e.ExperimentId));
    }

    private static async Task<Created<Experiment>> Create(NewExperiment experiment, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken)
    {
        await context.RequireAsync(AccessTarget.Location, experiment.ArtifactLocation);
        var created = await Catalog(grains).Create(experiment, cancellationToken);
        await context.OwnAsync(PermissionKind.Experiment, created.ExperimentId);
        return TypedResults.Created($"/api/v1/experiments/{created.ExperimentId}", created);
    }

    private static async Task<Ok<Experiment>> Get(string id, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Experiment(grains, id).Get(cancellationToken) ?? throw TrackingErrors.NoExperiment(id));

    private static async Task<NoContent> Delete(string id, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await Experiment(grains, id).Delete(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> Restore(string id, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await Experiment(grains, id).Restore(cancellationToken);
        return TypedResults.NoContent();
    }

    private static IExperimentGrain Experiment(IGrainFactory grains, string id) => grains.GetGrain<IExperimentGrain>(TrackingIds.OfExperiment(id));

    private static IExperimentCatalogGrain Catalog(IGrainFactory grains) => grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main);
}
