using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Catalogs;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Paging;

namespace MlopsGrains.Gateway.Deployments;

internal static class DeploymentsEndpoints
{
    public static void MapDeployments(this IEndpointRouteBuilder endpoints)
    {
        var deployments = endpoints.MapNative("Deployments");
        deployments.MapGet("/deployments", List).ShowsReadable().WithName("ListDeployments").WithSummary("Deployments by name.");
        deployments.MapGet("/deployments/{name}", Get).Requires(PermissionLevel.Read, AccessTarget.Deployment, "name").WithName("GetDeployment").WithSummary("A deployment with its revisions and traffic.");
        deployments.MapPut("/deployments/{name}", Deploy)
            .Requires(PermissionLevel.Edit, AccessTarget.Deployment, "name", orCreates: true).Requires(PermissionLevel.Read, AccessTarget.RegisteredModel, "model")
            .WithName("Deploy").CreatesOnce().WithSummary("Serves a model version with all traffic.")
            .WithExample("""{"model":"iris","version":"1"}""");
        deployments.MapPut("/deployments/{name}/traffic", SetTraffic).Requires(PermissionLevel.Edit, AccessTarget.Deployment, "name").WithName("SetTraffic").WithSummary("Splits traffic between revisions.")
            .WithExample("""[{"revision":1,"percent":100}]""");
        deployments.MapPost("/deployments/{name}/rollback", Rollback).Requires(PermissionLevel.Edit, AccessTarget.Deployment, "name").WithName("Rollback").CreatesOnce().WithSummary("Sends all traffic back to the revision before.");
        deployments.MapGet("/deployments/{name}/lineage", Lineage).Requires(PermissionLevel.Read, AccessTarget.Deployment, "name").WithName("GetDeploymentLineage").WithSummary("From the deployment back to the data it was trained on.");
        deployments.MapGet("/deployments/{name}/metrics", Metrics).Requires(PermissionLevel.Read, AccessTarget.Deployment, "name").WithName("GetDeploymentMetrics")
            .WithSummary("Requests, errors and latency of each revision over time: the last hour unless from and to say otherwise. Minutes are kept for a day, hours for 30 days.");
        endpoints.MapOpenInference();
    }

    private static async Task<Ok<Page<Deployment>>> List(IGrainFactory grains, HttpContext context, CancellationToken cancellationToken, int limit = 100, string? pageToken = null) =>
        TypedResults.Ok(await CatalogPages.Read(context, PermissionKind.Deployment, CatalogKinds.Deployments, limit, pageToken, n => grains.GetGrain<IDeploymentGrain>(n).Get(cancellationToken), cancellationToken));

    private static async Task<Ok<Deployment>> Get(string name, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).Get(cancellationToken) ?? throw MlopsException.NotFound("Deployment", name));

    private static async Task<Ok<Deployment>> Deploy(string name, DeployRequest body, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken)
    {
        await context.RequireAsync(AccessTarget.RegisteredModel, body.Model);
        return TypedResults.Ok(await context.OwnIfNewAsync(PermissionKind.Deployment, name, () => At(grains, name).Deploy(body, cancellationToken), d => d.Revisions.Count == 1));
    }

    private static async Task<Ok<Deployment>> SetTraffic(string name, IReadOnlyList<TrafficShare> body, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).SetTraffic(body, cancellationToken));

    private static async Task<Ok<Deployment>> Rollback(string name, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).Rollback(cancellationToken));

    private static async Task<Ok<DeploymentLineage>> Lineage(string name, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(await LineageReader.Read(context, grains, Names.Check("name", name), cancellationToken));

    private static async Task<Ok<DeploymentMetrics>> Metrics(
        string name, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken, DateTimeOffset? from = null, DateTimeOffset? to = null, int points = 60)
    {
        _ = await At(grains, name).Get(cancellationToken) ?? throw MlopsException.NotFound("Deployment", name);
        var end = to ?? time.GetUtcNow();
        return TypedResults.Ok(await grains.GetGrain<IDeploymentMetricsGrain>(name).Read(from ?? end.AddHours(-1), end, points, cancellationToken));
    }

    private static IDeploymentGrain At(IGrainFactory grains, string name) => grains.GetGrain<IDeploymentGrain>(Names.Check("name", name));
}
