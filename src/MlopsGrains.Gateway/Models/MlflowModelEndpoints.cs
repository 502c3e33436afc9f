using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using MlopsGrains.Paging;

namespace MlopsGrains.Gateway.Models;

/// <summary>MLflow's methods of registered models and their aliases.</summary>
internal static class MlflowModelEndpoints
{
    private const int SearchDefault = 100;

    public static void MapMlflowModels(this IEndpointRouteBuilder endpoints)
    {
        endpoints = endpoints.MapGroup("").WithTags("MLflow registered models");
        const string Root = "/mlflow/registered-models/";
        endpoints.MapMlflowMethod("POST", Root + "create", Create).CreatesOnce().RequiresSignIn()
            .Describe("Creates a registered model without versions.", """{"name!":"iris","description":"Tells three kinds apart.","tags":[{"key":"team","value":"botany"}],"deployment_job_id":""}""", gives: $$"""{"registered_model":{{MlflowRegistryExamples.Model}}}""");
        endpoints.MapMlflowMethod("GET", Root + "get", Get).Requires(PermissionLevel.Read, AccessTarget.RegisteredModel, "name")
            .Describe("A registered model with its latest versions and aliases.", """{"name!":"iris"}""", gives: $$"""{"registered_model":{{MlflowRegistryExamples.Model}}}""");
        endpoints.MapMlflowMethod("POST", Root + "rename", Rename).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name")
            .Describe("Gives a registered model another name.", """{"name!":"iris","new_name!":"iris-renamed"}""", gives: $$"""{"registered_model":{{MlflowRegistryExamples.Model}}}""");
        endpoints.MapMlflowMethod("PATCH", Root + "update", Update).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name")
            .Describe("Changes a registered model's description.", """{"name!":"iris","description":"Tells three kinds apart.","deployment_job_id":""}""", gives: $$"""{"registered_model":{{MlflowRegistryExamples.Model}}}""");
        endpoints.MapMlflowMethod("DELETE", Root + "delete", Delete).Requires(PermissionLevel.Manage, AccessTarget.RegisteredModel, "name")
            .Describe("Removes a registered model with its versions, tags and aliases.", """{"name!":"iris"}""");
        endpoints.MapMlflowMethod("GET", Root + "search", Search).ShowsReadable()
            .Describe("Registered models that match a filter.", """{"filter":"name LIKE 'iris%'","max_results":100,"order_by":["name ASC"],"page_token":""}""", gives: $$"""{"registered_models":[{{MlflowRegistryExamples.Model}}],"next_page_token":"eyJv"}""");
        endpoints.MapMlflowMethod("GET POST", Root + "get-latest-versions", GetLatestVersions).Requires(PermissionLevel.Read, AccessTarget.RegisteredModel, "name")
            .Describe("The newest version of each stage.", """{"name!":"iris","stages":["Production"]}""", gives: $$"""{"model_versions":[{{MlflowRegistryExamples.Version}}]}""");
        endpoints.MapMlflowMethod("POST", Root + "set-tag", SetTag).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name")
            .Describe("Sets a registered model's tag.", """{"name!":"iris","key!":"team","value":"botany"}""");
        endpoints.MapMlflowMethod("DELETE", Root + "delete-tag", DeleteTag).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name")
            .Describe("Removes a registered model's tag.", """{"name!":"iris","key!":"team"}""");
        endpoints.MapMlflowMethod("POST", Root + "alias", SetAlias).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name")
            .Describe("Points an alias at a version.", """{"name!":"iris","alias!":"champion","version!":"1"}""");
        endpoints.MapMlflowMethod("DELETE", Root + "alias", DeleteAlias).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name")
            .Describe("Removes an alias.", """{"name!":"iris","alias!":"champion"}""");
        endpoints.MapMlflowMethod("GET", Root + "alias", GetByAlias).Requires(PermissionLevel.Read, AccessTarget.RegisteredModel, "name")
            .Describe("The version that an alias names.", """{"name!":"iris","alias!":"champion"}""", gives: $$"""{"model_version":{{MlflowRegistryExamples.Version}}}""");
    }

    /// <summary>The model that a message names.</summary>
    public static IRegisteredModelGrain Model(this MlflowCall call) => call.Grains.GetGrain<IRegisteredModelGrain>(Name(call));

    /// <summary>Tags of a message; of a key given twice the last one counts.</summary>
    public static Dictionary<string, string> TagsOf(MlflowRequest request)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tag in request.Tags("tags"))
        {
            tags[tag.Key] = tag.Value;
        }

        return tags;
    }

    /// <summary>Reads a search in pages that the registry answers at once, and writes them as one.</summary>
    public static async Task AnswerSearch<T>(
        this MlflowCall call, string list, int sizeDefault, int sizeMax, Func<RegistryQuery, Task<Page<T>>> search, Func<T, string> modelOf, Action<Utf8JsonWriter, T> write)
    {
        var asked = call.Request.Page(sizeDefault, sizeMax);
        var left = asked.Size;
        var query = new RegistryQuery(call.Request.Text("filter"), call.Request.Texts("order_by"), Size(left), await call.Context.OpenPageTokenAsync(asked));
        var page = await Readable(query);
        call.Context.Response.ContentType = "application/json";
        await using var json = JsonText.Writer(call.Context.Response.BodyWriter);
        json.WriteStartObject();
        if (page.Items.Count > 0)
        {
            json.WriteStartArray(list);
            while (true)
            {
                foreach (var item in page.Items)
                {
                    write(json, item);
                }

                left -= page.Items.Count;
                if (left == 0 || page.NextPageToken is null)
                {
                    break;
                }

                await json.FlushAsync(call.Aborted);
                page = await Readable(query with { MaxResults = Size(left), PageToken = page.NextPageToken });
            }

            json.WriteEndArray();
        }

        json.WriteNextPage(await call.Context.ClosePageTokenAsync(page.NextPageToken));
        json.WriteEndObject();

        ValueTask<Page<T>> Readable(RegistryQuery part) =>
            call.Context.ReadablePartAsync(PermissionKind.RegisteredModel, part.PageToken, after => search(part with { PageToken = after }), modelOf);

        static int Size(int left) => Math.Min(left, IModelRegistryGrain.ResultsMax);
    }

    private static async Task Create(MlflowCall call)
    {
        var model = call.Model();
        var created = await model.Create(new NewRegisteredModel(call.Request.Text("description") ?? "", TagsOf(call.Request), call.Request.Text("deployment_job_id")), call.Aborted);
        await call.Context.OwnAsync(PermissionKind.RegisteredModel, created.Name);
        await Answer(call, created);
    }

    private static async Task Get(MlflowCall call) => await Answer(call, await Existing(call));

    private static async Task Rename(MlflowCall call)
    {
        var model = call.Model();
        var renamed = await model.Rename(call.Request.Required("new_name"), call.Aborted);
        await call.Context.MoveModelAsync(Name(call), renamed.Name);
        await Answer(call, renamed);
    }

    private static async Task Update(MlflowCall call)
    {
        var model = call.Request.Text("deployment_job_id") is { } job ? await call.Model().SetDeploymentJob(job, call.Aborted) : null;
        model = call.Request.Text("description") is { } description ? await call.Model().Update(description, call.Aborted) : model;
        await Answer(call, model ?? await Existing(call));
    }

    private static async Task Delete(MlflowCall call)
    {
        await call.Model().Delete(call.Aborted);
        await call.Done();
    }

    private static Task Search(MlflowCall call) => call.AnswerSearch(
        "registered_models",
        SearchDefault,
        RegistryLimits.ModelsPerSearchMax,
        query => call.Grains.GetGrain<IModelRegistryGrain>(IModelRegistryGrain.Main).SearchModels(query, call.Aborted),
        model => model.Name,
        MlflowRegistryEntities.WriteRegisteredModel);

    private static async Task GetLatestVersions(MlflowCall call)
    {
        var model = await Existing(call);
        var stages = call.Request.Texts("stages").Select((s, i) => Stage($"stages[{i}]", s)).ToHashSet();
        var versions = model.LatestByStage.Where(v => stages.Count == 0 || stages.Contains(v.Stage)).ToList();
        await call.Answer(json =>
        {
            if (versions.Count > 0)
            {
                json.WriteStartArray("model_versions");
                versions.ForEach(json.WriteModelVersion);
                json.WriteEndArray();
            }
        });
    }

    public static ModelStage Stage(string field, string text) =>
        MlflowRegistryEntities.Stages.TryGetValue(text, out var stage)
            ? stage
            : throw MlopsException.Invalid(field, $"Invalid Model Version stage: {text}. Value must be one of {string.Join(", ", MlflowRegistryEntities.Stages.Keys)}.");

    private static async Task SetTag(MlflowCall call)
    {
        await call.Model().SetTag(call.Request.Required("key"), call.Request.Text("value") ?? "", call.Aborted);
        await call.Done();
    }

    private static async Task DeleteTag(MlflowCall call)
    {
        await call.Model().DeleteTag(call.Request.Required("key"), call.Aborted);
        await call.Done();
    }

    private static async Task SetAlias(MlflowCall call)
    {
        var model = call.Model();
        var alias = call.Request.Required("alias");
        await model.SetAlias(alias, MlflowVersionEndpoints.Number(call.Request), call.Aborted);
        await call.Done();
    }

    private static async Task DeleteAlias(MlflowCall call)
    {
        await call.Model().DeleteAlias(call.Request.Required("alias"), call.Aborted);
        await call.Done();
    }

    /// <summary>A missing alias is the caller's mistake in MLflow's eyes: 400, not 404.</summary>
    private static async Task GetByAlias(MlflowCall call)
    {
        var alias = call.Request.Required("alias");
        var model = await Existing(call);
        var number = string.Equals(alias, "latest", StringComparison.OrdinalIgnoreCase) ? model.LatestVersion : model.Aliases.GetValueOrDefault(alias);
        var version = number > 0
            ? await call.Model().Resolve(number.ToString(CultureInfo.InvariantCulture), call.Aborted)
            : throw MlopsException.Invalid("alias", RegistryErrors.NoAlias(alias));
        await call.AnswerVersion(version);
    }

    private static async Task<RegisteredModel> Existing(MlflowCall call) =>
        await call.Model().Get(call.Aborted) ?? throw RegistryErrors.NoModel(Name(call));

    private static string Name(MlflowCall call) => Names.CheckModel("name", call.Request.Required("name"));

    private static Task Answer(MlflowCall call, RegisteredModel model) => call.Answer(json =>
    {
        json.WritePropertyName("registered_model");
        json.WriteRegisteredModel(model);
    });
}
