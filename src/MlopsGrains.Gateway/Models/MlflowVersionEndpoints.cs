using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Experiments;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Identity;
using MlopsGrains.Models;

namespace MlopsGrains.Gateway.Models;

/// <summary>MLflow's methods of model versions.</summary>
internal static class MlflowVersionEndpoints
{
    public static void MapMlflowVersions(this IEndpointRouteBuilder endpoints)
    {
        endpoints = endpoints.MapGroup("").WithTags("MLflow model versions");
        const string Root = "/mlflow/model-versions/";
        endpoints.MapMlflowMethod("POST", Root + "create", Create).CreatesOnce()
            .Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name").Requires(PermissionLevel.Read, AccessTarget.Source, "source")
            .Requires(PermissionLevel.Read, AccessTarget.RunOfAnyServer, "run_id", optional: true).Requires(PermissionLevel.Read, AccessTarget.LoggedModel, "model_id", optional: true)
            .Describe("Registers the next version of a model.", $$"""{"name!":"iris","source!":"runs:/{{MlflowExamples.RunId}}/model","run_id":"{{MlflowExamples.RunId}}","description":"Tells three kinds apart.","tags":[{"key":"team","value":"botany"}],"run_link":"","model_id":""}""", gives: $$"""{"model_version":{{MlflowRegistryExamples.Version}}}""");
        endpoints.MapMlflowMethod("GET", Root + "get", Get).Requires(PermissionLevel.Read, AccessTarget.RegisteredModel, "name")
            .Describe("One version of a model.", """{"name!":"iris","version!":"1"}""", gives: $$"""{"model_version":{{MlflowRegistryExamples.Version}}}""");
        endpoints.MapMlflowMethod("PATCH", Root + "update", Update).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name")
            .Describe("Changes a version's description.", """{"name!":"iris","version!":"1","description":"Tells three kinds apart."}""", gives: $$"""{"model_version":{{MlflowRegistryExamples.Version}}}""");
        endpoints.MapMlflowMethod("POST", Root + "transition-stage", TransitionStage).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name")
            .Describe("Moves a version to a stage: None, Staging, Production or Archived.", """{"name!":"iris","version!":"1","stage!":"Production","archive_existing_versions!":true}""", gives: $$"""{"model_version":{{MlflowRegistryExamples.Version}}}""");
        endpoints.MapMlflowMethod("DELETE", Root + "delete", Delete).Requires(PermissionLevel.Manage, AccessTarget.RegisteredModel, "name")
            .Describe("Removes a version; its number is not given again.", """{"name!":"iris","version!":"1"}""");
        endpoints.MapMlflowMethod("GET", Root + "search", Search).ShowsReadable()
            .Describe("Versions that match a filter.", """{"filter":"name='iris'","max_results":100,"order_by":["version_number DESC"],"page_token":""}""", gives: $$"""{"model_versions":[{{MlflowRegistryExamples.Version}}],"next_page_token":"eyJv"}""");
        endpoints.MapMlflowMethod("GET", Root + "get-download-uri", GetDownloadUri).Requires(PermissionLevel.Read, AccessTarget.RegisteredModel, "name")
            .Describe("Where a version's files are.", """{"name!":"iris","version!":"1"}""", gives: $$"""{"artifact_uri":"mlflow-artifacts:/1/{{MlflowExamples.RunId}}/artifacts/model"}""");
        endpoints.MapMlflowPage("GET", "/model-versions/get-artifact", GetArtifact).Requires(PermissionLevel.Read, AccessTarget.RegisteredModel, "name")
            .Describe("A file of a version, for a browser.", """{"name!":"iris","version!":"1","path!":"MLmodel"}""", givesBytes: Descriptions.Bytes);
        endpoints.MapMlflowMethod("POST", Root + "set-tag", SetTag).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name")
            .Describe("Sets a version's tag.", """{"name!":"iris","version!":"1","key!":"team","value":"botany"}""");
        endpoints.MapMlflowMethod("DELETE", Root + "delete-tag", DeleteTag).Requires(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name")
            .Describe("Removes a version's tag.", """{"name!":"iris","version!":"1","key!":"team"}""");
    }

    /// <summary>The version that a message names; a number beyond any version is none.</summary>
    public static int Number(MlflowRequest request)
    {
        var text = request.Id("version") is { Length: > 0 } id ? id : throw MlopsException.Missing("version");
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (int)Math.Min(number, int.MaxValue)
            : throw MlopsException.Invalid("version", $"Parameter 'version' must be an integer, got '{text}'.");
    }

    /// <summary>One version, with the params and metrics of the logged model that it is.</summary>
    public static async Task AnswerVersion(this MlflowCall call, ModelVersion version)
    {
        var logged = await LoggedModelOf(call, version);
        await call.Answer(json =>
        {
            json.WritePropertyName("model_version");
            json.WriteModelVersion(version, logged);
        });
    }

    private static async Task Create(MlflowCall call)
    {
        var request = call.Request;
        var name = Names.CheckModel("name", request.Required("name"));
        var version = new NewSourcedVersion(
            request.Required("source"), request.Text("run_id") ?? "", request.Text("run_link") ?? "", request.Text("model_id"), request.Text("description") ?? "", MlflowModelEndpoints.TagsOf(request));
        await call.AnswerVersion(await Registry(call).Register(name, version, call.Aborted));
    }

    private static async Task Get(MlflowCall call)
    {
        var model = call.Model();
        await call.AnswerVersion(await model.Resolve(Number(call.Request).ToString(CultureInfo.InvariantCulture), call.Aborted));
    }

    private static async Task Update(MlflowCall call)
    {
        var model = call.Model();
        var number = Number(call.Request);
        await call.AnswerVersion(call.Request.Text("description") is { } description
            ? await model.UpdateVersion(number, description, call.Aborted)
            : await model.Resolve(number.ToString(CultureInfo.InvariantCulture), call.Aborted));
    }

    private static async Task TransitionStage(MlflowCall call)
    {
        var model = call.Model();
        var number = Number(call.Request);
        var stage = MlflowModelEndpoints.Stage("stage", call.Request.Required("stage"));
        var archive = call.Request.Bool("archive_existing_versions") ?? throw MlopsException.Missing("archive_existing_versions");
        await call.AnswerVersion(await model.SetStage(number, stage, archive, call.Aborted));
    }

    private static async Task Delete(MlflowCall call)
    {
        var model = call.Model();
        await model.DeleteVersion(Number(call.Request), call.Aborted);
        await call.Done();
    }

    private static Task Search(MlflowCall call) => call.AnswerSearch(
        "model_versions", RegistryLimits.VersionsPerSearchMax, RegistryLimits.VersionsPerSearchMax, query => Registry(call).SearchVersions(query, call.Aborted), version => version.Model, MlflowRegistryEntities.WriteModelVersion);

    private static async Task GetDownloadUri(MlflowCall call)
    {
        var model = call.Model();
        var uri = await model.DownloadUri(Number(call.Request), call.Aborted);
        await call.Answer(json => json.WriteString("artifact_uri", uri));
    }

    /// <summary>A file of a version, for a browser.</summary>
    private static async Task GetArtifact(HttpContext context)
    {
        var request = await MlflowRequest.ReadAsync(context);
        await context.RequireAsync(request);
        var call = new MlflowCall(context, request);
        var path = ArtifactPath.CheckRelative("path", request.Required("path"));
        var uri = await call.Model().DownloadUri(Number(request), call.Aborted);
        var files = context.RequestServices.GetRequiredService<ArtifactFiles>();
        await (await files.Get(ArtifactFiles.At(uri, path), ArtifactTypes.Of(path), call.Aborted)).ExecuteAsync(context);
    }

    private static async Task SetTag(MlflowCall call)
    {
        var model = call.Model();
        await model.SetVersionTag(Number(call.Request), call.Request.Required("key"), call.Request.Text("value") ?? "", call.Aborted);
        await call.Done();
    }

    private static async Task DeleteTag(MlflowCall call)
    {
        var model = call.Model();
        await model.DeleteVersionTag(Number(call.Request), call.Request.Required("key"), call.Aborted);
        await call.Done();
    }

    private static IModelRegistryGrain Registry(MlflowCall call) => call.Grains.GetGrain<IModelRegistryGrain>(IModelRegistryGrain.Main);

    /// <summary>The logged model that a version is, if it is there and the caller may see it.</summary>
    private static async Task<LoggedModel?> LoggedModelOf(MlflowCall call, ModelVersion version) =>
        !string.IsNullOrWhiteSpace(version.ModelId)
        && await call.Grains.GetGrain<ILoggedModelGrain>(version.ModelId).Get(call.Aborted) is { LifecycleStage: LifecycleStage.Active } logged
            ? (await call.Context.ReadableAsync(PermissionKind.Experiment, [logged], m => m.ExperimentId)).SingleOrDefault()
            : null;
}
