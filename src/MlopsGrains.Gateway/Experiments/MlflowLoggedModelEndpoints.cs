using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>MLflow's logged-model methods.</summary>
internal static class MlflowLoggedModelEndpoints
{
    private const string Root = "/mlflow/logged-models";
    private const int SearchResultsDefault = 50;

    /// <summary>Segments before a tag's key: <c>api</c>, <c>2.0</c>, <c>mlflow</c>, <c>logged-models</c>, the id, <c>tags</c>.</summary>
    private const int TagKeySegments = 6;

    private static readonly Dictionary<string, LoggedModelStatus> Statuses = new()
    {
        ["LOGGED_MODEL_PENDING"] = LoggedModelStatus.Pending,
        ["LOGGED_MODEL_READY"] = LoggedModelStatus.Ready,
        ["LOGGED_MODEL_UPLOAD_FAILED"] = LoggedModelStatus.UploadFailed,
    };

    public static void MapMlflowLoggedModels(this IEndpointRouteBuilder endpoints)
    {
        endpoints = endpoints.MapGroup("").WithTags("MLflow logged models");
        endpoints.MapMlflowMethod("POST", Root, Create).CreatesOnce().Requires(PermissionLevel.Edit, AccessTarget.Experiment, "experiment_id")
            .Describe("Creates a logged model, which waits for its files.", $$"""{"experiment_id!":"1","name":"iris","model_type":"classifier","source_run_id":"{{MlflowExamples.RunId}}","params":[{"key":"depth","value":"4"}],"tags":[{"key":"team","value":"botany"}]}""", gives: $$"""{"model":{{MlflowExamples.LoggedModel}}}""");
        endpoints.MapMlflowMethod("POST", Root + "/search", Search).ShowsReadable()
            .Describe("Logged models of some experiments that match a filter.", """{"experiment_ids":["1"],"filter":"metrics.accuracy > 0.9","datasets":[{"dataset_name!":"iris","dataset_digest":"9f86d081"}],"order_by":[{"field_name!":"metrics.accuracy","ascending":false,"dataset_name":"iris","dataset_digest":"9f86d081"}],"max_results":50,"page_token":""}""", gives: $$"""{"models":[{{MlflowExamples.LoggedModel}}],"next_page_token":"eyJv"}""");
        endpoints.MapMlflowMethod("GET", Root + "/{model_id}", Get).Requires(PermissionLevel.Read, AccessTarget.LoggedModel, "model_id")
            .Describe("One logged model.", $$"""{"model_id!":"{{MlflowExamples.ModelId}}","allow_deleted":false}""", gives: $$"""{"model":{{MlflowExamples.LoggedModel}}}""");
        endpoints.MapMlflowMethod("PATCH", Root + "/{model_id}", SetStatus).Requires(PermissionLevel.Edit, AccessTarget.LoggedModel, "model_id")
            .Describe("Sets a logged model's status: LOGGED_MODEL_PENDING, LOGGED_MODEL_READY or LOGGED_MODEL_UPLOAD_FAILED.", $$"""{"model_id!":"{{MlflowExamples.ModelId}}","status!":"LOGGED_MODEL_READY"}""", gives: $$"""{"model":{{MlflowExamples.LoggedModel}}}""");
        endpoints.MapMlflowMethod("DELETE", Root + "/{model_id}", Delete).Requires(PermissionLevel.Manage, AccessTarget.LoggedModel, "model_id")
            .Describe("Deletes a logged model softly.", $$"""{"model_id!":"{{MlflowExamples.ModelId}}"}""");
        endpoints.MapMlflowMethod("PATCH", Root + "/{model_id}/tags", SetTags).Requires(PermissionLevel.Edit, AccessTarget.LoggedModel, "model_id")
            .Describe("Sets a logged model's tags.", $$"""{"model_id!":"{{MlflowExamples.ModelId}}","tags!":[{"key":"team","value":"botany"}]}""", gives: $$"""{"model":{{MlflowExamples.LoggedModel}}}""");
        endpoints.MapMlflowMethod("DELETE", Root + "/{model_id}/tags/{**tag_key}", DeleteTag).Requires(PermissionLevel.Edit, AccessTarget.LoggedModel, "model_id")
            .Describe("Removes a logged model's tag.", $$"""{"model_id!":"{{MlflowExamples.ModelId}}","tag_key!":"team"}""");
        endpoints.MapMlflowMethod("POST", Root + "/{model_id}/params", LogParams).Requires(PermissionLevel.Edit, AccessTarget.LoggedModel, "model_id")
            .Describe("Logs a logged model's params, which keep their values.", $$"""{"model_id!":"{{MlflowExamples.ModelId}}","params!":[{"key":"leaves","value":"16"}]}""");
        endpoints.MapMlflowMethod("GET", Root + "/{model_id}/artifacts/directories", ListArtifacts).Requires(PermissionLevel.Read, AccessTarget.LoggedModel, "model_id")
            .Describe("Files and directories directly below a path of a logged model.", $$"""{"model_id!":"{{MlflowExamples.ModelId}}","artifact_directory_path":""}""", gives: MlflowExamples.Files);
        endpoints.MapMlflowMethod("GET", Root + "/{model_id}/artifacts/files", GetArtifact).Requires(PermissionLevel.Read, AccessTarget.LoggedModel, "model_id")
            .Describe("A file of a logged model, for a browser.", $$"""{"model_id!":"{{MlflowExamples.ModelId}}","artifact_file_path!":"MLmodel"}""", givesBytes: Descriptions.Bytes);
    }

    private static async Task Create(MlflowCall call)
    {
        var request = call.Request;
        var experiment = TrackingIds.OfExperiment(request.Name("experiment_id") ?? throw MlopsException.Missing("experiment_id"));
        var model = new NewLoggedModel(
            experiment,
            NullIfEmpty(request.Text("name")),
            NullIfEmpty(request.Text("model_type")),
            NullIfEmpty(request.Text("source_run_id")),
            request.Tags("params"),
            request.Tags("tags"));
        await Answer(call, await call.Grains.GetGrain<ILoggedModelGrain>(TrackingIds.LoggedModelPrefix + call.Context.NewId()).Create(model, call.Aborted));
    }

    private static async Task Get(MlflowCall call)
    {
        var model = await Existing(call).Get(call.Aborted);
        var deletedToo = call.Request.Bool("allow_deleted") ?? false;
        await Answer(call, model is not null && (deletedToo || model.LifecycleStage == LifecycleStage.Active) ? model : throw TrackingErrors.NoLoggedModel(ModelId(call)));
    }

    private static async Task SetStatus(MlflowCall call)
    {
        var status = call.Request.Enum("status", Statuses) ?? throw MlopsException.Missing("status");
        await Answer(call, await Existing(call).SetStatus(status, call.Aborted));
    }

    private static async Task Delete(MlflowCall call)
    {
        await Existing(call).Delete(call.Aborted);
        await call.Done();
    }

    private static async Task SetTags(MlflowCall call) =>
        await Answer(call, await Existing(call).SetTags(call.Request.Tags("tags"), call.Aborted));

    private static async Task DeleteTag(MlflowCall call)
    {
        var key = RequestTarget.Rest(call.Context, TagKeySegments);
        await Existing(call).DeleteTag(key.Length > 0 ? key : throw MlopsException.Missing("tag_key"), call.Aborted);
        await call.Done();
    }

    private static async Task LogParams(MlflowCall call)
    {
        await Existing(call).LogParams(call.Request.Tags("params"), call.Aborted);
        await call.Done();
    }

    private static async Task Search(MlflowCall call)
    {
        var request = call.Request;
        var asked = request.Page(SearchResultsDefault, LoggedModelLimits.SearchResultsMax, zeroIsUsual: true);
        var query = new LoggedModelQuery(
            await call.Context.ReadableAsync(PermissionKind.Experiment, request.Texts("experiment_ids"), id => id),
            request.Text("filter"),
            [.. request.Messages("datasets").Select((d, i) => Dataset(d) is { Name: not null } dataset
                ? dataset
                : throw MlopsException.Invalid($"datasets[{i}].dataset_name", $"`dataset_name` in the `datasets` clause must be specified: datasets[{i}].dataset_name."))],
            [.. request.Messages("order_by").Select((key, i) => new LoggedModelOrderKey(
                key.Text("field_name") is { Length: > 0 } field ? field : throw MlopsException.Missing($"order_by[{i}].field_name"), key.Bool("ascending") ?? true, Dataset(key)))],
            asked.Size,
            asked.Token);
        var page = await call.Grains.GetGrain<ILoggedModelSearchGrain>(0).Search(query, call.Aborted);
        await call.AnswerPage("models", page, WriteLoggedModel);
    }

    private static async Task ListArtifacts(MlflowCall call)
    {
        var path = ArtifactFiles.DirectoryPath(call.Request.Text("artifact_directory_path"));
        var files = call.Context.RequestServices.GetRequiredService<ArtifactFiles>();
        var (uri, directory) = await files.OfLoggedModel(ModelId(call), path, call.Aborted);
        var entries = await files.List(directory, call.Aborted);
        await call.Answer(json =>
        {
            json.WriteString("root_uri", uri);
            json.WriteFiles(entries, string.IsNullOrEmpty(path) ? "" : path + "/");
        });
    }

    private static async Task GetArtifact(MlflowCall call)
    {
        var path = call.Request.Required("artifact_file_path");
        var files = call.Context.RequestServices.GetRequiredService<ArtifactFiles>();
        var (_, file) = await files.OfLoggedModel(ModelId(call), path, call.Aborted);
        await (await files.Get(file, ArtifactTypes.Of(path), call.Aborted)).ExecuteAsync(call.Context);
    }

    /// <summary>What a part of the message says of a metric's dataset, if anything.</summary>
    private static MetricDataset? Dataset(MlflowRequest request)
    {
        var (name, digest) = (NullIfEmpty(request.Text("dataset_name")), NullIfEmpty(request.Text("dataset_digest")));
        return name is null && digest is null ? null : new MetricDataset(name, digest);
    }

    private static Task Answer(MlflowCall call, LoggedModel model) => call.Answer(json =>
    {
        json.WritePropertyName("model");
        json.WriteLoggedModel(model);
    });

    private static void WriteLoggedModel(this Utf8JsonWriter json, LoggedModel model)
    {
        json.WriteStartObject();
        json.WriteStartObject("info");
        json.WriteString("model_id", model.ModelId);
        json.WriteString("experiment_id", model.ExperimentId);
        json.WriteString("name", model.Name);
        json.WriteNumber("creation_timestamp_ms", model.CreationTime);
        json.WriteNumber("last_updated_timestamp_ms", model.LastUpdateTime);
        json.WriteString("artifact_uri", model.ArtifactUri);
        json.WriteString("status", Statuses.First(s => s.Value == model.Status).Key);
        WriteGiven(json, "model_type", model.ModelType);
        WriteGiven(json, "source_run_id", model.SourceRunId);
        json.WritePairs("tags", model.Tags);
        if (model.Registrations.Count > 0)
        {
            json.WriteStartArray("registrations");
            foreach (var registration in model.Registrations)
            {
                json.WriteStartObject();
                json.WriteString("name", registration.Name);
                json.WriteString("version", registration.Version.ToString(System.Globalization.CultureInfo.InvariantCulture));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteStartObject("data");
        json.WritePairs("params", model.Params);
        json.WriteMetrics("metrics", model);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WriteMetrics(this Utf8JsonWriter json, string list, LoggedModel model)
    {
        if (model.Metrics.Count == 0)
        {
            return;
        }

        json.WriteStartArray(list);
        foreach (var metric in model.Metrics)
        {
            WriteMetric(json, metric, model.ModelId);
        }

        json.WriteEndArray();
    }

    private static void WriteMetric(Utf8JsonWriter json, LoggedModelMetric metric, string modelId)
    {
        json.WriteStartObject();
        json.WriteString("key", metric.Key);
        json.WritePropertyName("value");
        json.WriteDouble(metric.Value);
        json.WriteNumber("timestamp", metric.Timestamp);
        json.WriteNumber("step", metric.Step);
        WriteGiven(json, "dataset_name", metric.DatasetName);
        WriteGiven(json, "dataset_digest", metric.DatasetDigest);
        json.WriteString("model_id", modelId);
        WriteGiven(json, "run_id", metric.RunId);
        json.WriteEndObject();
    }

    private static void WriteGiven(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string ModelId(MlflowCall call) => TrackingIds.OfLoggedModel((string)call.Context.Request.RouteValues["model_id"]!);

    private static ILoggedModelGrain Existing(MlflowCall call) => call.Grains.GetGrain<ILoggedModelGrain>(ModelId(call));
}
