using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Catalogs;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Models;
using MlopsGrains.Paging;

namespace MlopsGrains.Gateway.Models;

internal static class ModelsEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder endpoints)
    {
        var models = endpoints.MapNative("Models");
        models.MapGet("/models", List).ShowsReadable().WithName("ListModels").WithSummary("Registered models by name.");
        models.MapPost("/models", Create).RequiresSignIn().WithName("CreateModel").CreatesOnce().WithSummary("Creates a registered model without versions.")
            .WithExample("""{"name":"iris","description":"Tells three kinds apart.","tags":{"team":"botany"}}""");
        models.MapGet("/models/{name}", Get).Requires(PermissionLevel.Read, AccessTarget.RegisteredModel, "name").WithName("GetModel").WithSummary("A registered model with its aliases.");
        models.MapGet("/models/{name}/versions", ListVersions).Requires(PermissionLevel.Read, AccessTarget.RegisteredModel, "name").WithName("ListModelVersions").WithSummary("All versions, newest first.");
        models.MapGet("/model-versions", SearchVersions).ShowsReadable().WithName("SearchModelVersions").WithSummary("Versions of all models that a filter over name, run_id, source_path, version_number and tags finds, last updated first.");
        models.MapPost("/models/{name}/versions", AddVersion).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name", orCreates: true).Requires(PermissionLevel.Read, AccessTarget.Blob, "blob.digest").WithName("AddModelVersion").CreatesOnce().WithSummary("Registers an uploaded model file as the next version; creates the model when it is new.")
            .WithExample("""{"format":"mlnet","blob":{"digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","length":1024},"signature":{"inputs":[{"name":"sepal_length_cm","datatype":"FP32","shape":[-1,1]}],"outputs":[{"name":"scores","datatype":"FP32","shape":[-1,3]}]},"lineage":{"dataset":"iris","datasetVersion":1},"metrics":{"accuracy":0.97}}""");
        models.MapGet("/models/{name}/versions/{reference}", GetVersion).Requires(PermissionLevel.Read, AccessTarget.RegisteredModel, "name").WithName("GetModelVersion").WithSummary("The version that a number, an alias or 'latest' names.");
        models.MapPut("/models/{name}/aliases/{alias}", SetAlias).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name").WithName("SetModelAlias").WithSummary("Points an alias at a version.")
            .WithExample("""{"version":1}""");
        models.MapPatch("/models/{name}", Update).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name").WithName("UpdateModel").WithSummary("Changes a model's description.")
            .WithExample("""{"description":"Tells three kinds apart."}""");
        models.MapPost("/models/{name}/rename", Rename).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name").WithName("RenameModel").WithSummary("Gives a model another name; what is deployed goes on being served.")
            .WithExample("""{"name":"iris-renamed"}""");
        models.MapDelete("/models/{name}", Delete).Requires(PermissionLevel.Manage, AccessTarget.RegisteredModel, "name").WithName("DeleteModel").WithSummary("Removes a model with its versions; what is deployed goes on being served.");
        models.MapPut("/models/{name}/tags/{**key}", SetTag).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name").WithName("SetModelTag").WithSummary("Sets a model's tag.")
            .WithExample("""{"value":"botany"}""");
        models.MapDelete("/models/{name}/tags/{**key}", DeleteTag).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name").WithName("DeleteModelTag").WithSummary("Removes a model's tag.");
        models.MapPatch("/models/{name}/versions/{version:int}", UpdateVersion).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name").WithName("UpdateModelVersion").WithSummary("Changes a version's description.")
            .WithExample("""{"description":"Tells three kinds apart."}""");
        models.MapDelete("/models/{name}/versions/{version:int}", DeleteVersion).Requires(PermissionLevel.Manage, AccessTarget.RegisteredModel, "name").WithName("DeleteModelVersion").WithSummary("Removes a version; its number is not given again.");
        models.MapPut("/models/{name}/versions/{version:int}/stage", SetStage).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name").WithName("SetModelVersionStage").WithSummary("Moves a version to a stage.")
            .WithExample("""{"stage":"production","archiveExisting":true}""");
        models.MapPut("/models/{name}/versions/{version:int}/tags/{**key}", SetVersionTag).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name").WithName("SetModelVersionTag").WithSummary("Sets a version's tag.")
            .WithExample("""{"value":"botany"}""");
        models.MapDelete("/models/{name}/versions/{version:int}/tags/{**key}", DeleteVersionTag).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name").WithName("DeleteModelVersionTag").WithSummary("Removes a version's tag.");
        models.MapDelete("/models/{name}/aliases/{alias}", DeleteAlias).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name").WithName("DeleteModelAlias").WithSummary("Removes an alias.");
        endpoints.MapMlflowModels();
        endpoints.MapMlflowVersions();
    }

    private static async Task<Ok<Page<RegisteredModel>>> List(IGrainFactory grains, HttpContext context, CancellationToken cancellationToken, int limit = 100, string? pageToken = null) =>
        TypedResults.Ok(await CatalogPages.Read(context, PermissionKind.RegisteredModel, CatalogKinds.Models, limit, pageToken, n => grains.GetGrain<IRegisteredModelGrain>(n).Get(cancellationToken), cancellationToken));

    private static async Task<Created<RegisteredModel>> Create(ModelToCreate body, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken)
    {
        var created = await At(grains, body.Name).Create(new NewRegisteredModel(body.Description, body.Tags), cancellationToken);
        await context.OwnAsync(PermissionKind.RegisteredModel, created.Name);
        return TypedResults.Created($"/api/v1/models/{Uri.EscapeDataString(body.Name)}", created);
    }

    private static async Task<Ok<RegisteredModel>> Get(string name, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).Get(cancellationToken) ?? throw RegistryErrors.NoModel(name));

    private static async Task<Ok<IReadOnlyList<ModelVersion>>> ListVersions(string name, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).ListVersions(cancellationToken));

    private static async Task<Ok<Page<ModelVersion>>> SearchVersions(
        IGrainFactory grains, HttpContext context, CancellationToken cancellationToken, string? filter = null, int limit = 100, string? pageToken = null)
    {
        var page = new PageRequest(Limit.Page("limit", limit, IModelRegistryGrain.ResultsMax), pageToken, "pageToken");
        return TypedResults.Ok(await context.ReadablePageAsync(
            PermissionKind.RegisteredModel,
            page,
            (size, after) => grains.GetGrain<IModelRegistryGrain>(IModelRegistryGrain.Main).SearchVersions(new RegistryQuery(filter, [], size, after, page.TokenField), cancellationToken),
            version => version.Model));
    }

    private static async Task<Created<ModelVersion>> AddVersion(string name, NewModelVersion body, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken)
    {
        await context.RequireAsync(AccessTarget.Blob, body.Blob.Digest);
        var version = await context.OwnIfNewAsync(PermissionKind.RegisteredModel, name, () => At(grains, name).AddVersion(body, cancellationToken), v => v.Version == 1);
        return TypedResults.Created($"/api/v1/models/{Uri.EscapeDataString(name)}/versions/{version.Version.ToString(CultureInfo.InvariantCulture)}", version);
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

    private static async Task<Ok<RegisteredModel>> Update(string name, DescriptionChange body, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).Update(body.Description, cancellationToken));

    private static async Task<Ok<RegisteredModel>> Rename(string name, NewName body, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken)
    {
        var renamed = await At(grains, name).Rename(body.Name, cancellationToken);
        await context.MoveModelAsync(name, renamed.Name);
        return TypedResults.Ok(renamed);
    }

    private static async Task<NoContent> Delete(string name, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await At(grains, name).Delete(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> SetTag(string name, string key, TagValue body, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await At(grains, name).SetTag(key, body.Value, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> DeleteTag(string name, string key, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await At(grains, name).DeleteTag(key, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ModelVersion>> UpdateVersion(string name, int version, DescriptionChange body, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).UpdateVersion(version, body.Description, cancellationToken));

    private static async Task<NoContent> DeleteVersion(string name, int version, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await At(grains, name).DeleteVersion(version, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ModelVersion>> SetStage(string name, int version, StageChange body, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).SetStage(version, body.Stage, body.ArchiveExisting, cancellationToken));

    private static async Task<NoContent> SetVersionTag(string name, int version, string key, TagValue body, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await At(grains, name).SetVersionTag(version, key, body.Value, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> DeleteVersionTag(string name, int version, string key, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await At(grains, name).DeleteVersionTag(version, key, cancellationToken);
        return TypedResults.NoContent();
    }

    private static IRegisteredModelGrain At(IGrainFactory grains, string name) => grains.GetGrain<IRegisteredModelGrain>(Names.CheckModel("name", name));

    internal sealed record ModelToCreate(string Name, string? Description = null, IReadOnlyDictionary<string, string>? Tags = null);

    internal sealed record DescriptionChange(string Description);

    internal sealed record NewName(string Name);

    internal sealed record TagValue(string Value);

    internal sealed record StageChange(ModelStage Stage, bool ArchiveExisting = false);

    internal sealed record AliasTarget(int Version);
}
