using System.Globalization;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Catalogs;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using MlopsGrains.Paging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace MlopsGrains.Gateway.Models;

internal static class ModelsEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder endpoints)
    {
        var models = endpoints.MapNative("Models");
        models.MapGet("/models", List).WithName("ListModels").WithSummary("Registered models by name.");
        models.MapPost("/models", Create).WithName("CreateModel").WithSummary("Creates a registered model without versions.");
        models.MapGet("/models/{name}", Get).WithName("GetModel").WithSummary("A registered model with its aliases.");
        models.MapGet("/models/{name}/versions", ListVersions).WithName("ListModelVersions").WithSummary("All versions, newest first.");
        models.MapPost("/models/{name}/versions", AddVersion).WithName("AddModelVersion").WithSummary("Registers an uploaded model file as the next version; creates the model when it is new.");
        models.MapGet("/models/{name}/versions/{reference}", GetVersion).WithName("GetModelVersion").WithSummary("The version that a number, an alias or 'latest' names.");
        models.MapPut("/models/{name}/aliases/{alias}", SetAlias).WithName("SetModelAlias").WithSummary("Points an alias at a version.");
        models.MapDelete("/models/{name}/aliases/{alias}", DeleteAlias).WithName("DeleteModelAlias").WithSummary("Removes an alias.");
    }

    private static async Task<Ok<Page<RegisteredModel>>> List(IGrainFactory grains, CancellationToken cancellationToken, int limit = 100, string? pageToken = null) =>
        TypedResults.Ok(await CatalogPages.Read(grains, CatalogKinds.Models, limit, pageToken, n => grains.GetGrain<IRegisteredModelGrain>(n).Get(cancellationToken), cancellationToken));

    private static async Task<Created<RegisteredModel>> Create(NewRegisteredModel body, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Created($"/api/v1/models/{body.Name}", await At(grains, body.Name).Create(body.Description, cancellationToken));

    private static async Task<Ok<RegisteredModel>> Get(string name, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).Get(cancellationToken) ?? throw MlopsException.NotFound("Model", name));

    private static async Task<Ok<IReadOnlyList<ModelVersion>>> ListVersions(string name, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).ListVersions(cancellationToken));

    private static async Task<Created<ModelVersion>> AddVersion(string name, NewModelVersion body, IGrainFactory grains, CancellationToken cancellationToken)
    {
        var version = await At(grains, name).AddVersion(body, cancellationToken);
        return TypedResults.Created($"/api/v1/models/{name}/versions/{version.Version.ToString(CultureInfo.InvariantCulture)}", version);
    }

    private static async Task<Ok<ModelVersion>> GetVersion(string name, string reference, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).Resolve(reference, cancellationToken));

    private static async Task<NoContent> SetAlias(string name, string alias, AliasTarget body, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await At(grains, name).SetAlias(alias, body.Version, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> DeleteAlias(string name, string alias, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await At(grains, name).DeleteAlias(alias, cancellationToken);
        return TypedResults.NoContent();
    }

    private static IRegisteredModelGrain At(IGrainFactory grains, string name) => grains.GetGrain<IRegisteredModelGrain>(Names.Check("name", name));

    internal sealed record NewRegisteredModel(string Name, string? Description = null);

    internal sealed record AliasTarget(int Version);
}
