using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Identity;
using MlopsGrains.Limits;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>MLflow's run and metric methods.</summary>
internal static class MlflowRunEndpoints
{
    public static void MapMlflowRuns(this IEndpointRouteBuilder endpoints)
    {
        endpoints = endpoints.MapGroup("").WithTags("MLflow runs");
        const string Root = "/mlflow/runs/";
        endpoints.MapMlflowMethod("POST", Root + "create", Create).CreatesOnce(guessed: true).Requires(PermissionLevel.Edit, AccessTarget.Experiment, "experiment_id", otherwise: "0")
            .Describe("Starts a run; a name is made up when none is given.", """{"experiment_id":"1","run_name":"bold-crane-7","user_id":"ada","start_time":1764000000000,"tags":[{"key":"team","value":"botany"}]}""", gives: $$"""{"run":{{MlflowExamples.Run}}}""");
        endpoints.MapMlflowMethod("GET", Root + "get", Get).Requires(PermissionLevel.Read, AccessTarget.Run, "run_id")
            .Describe("One run with its params, tags, inputs and latest metrics.", $$"""{"run_id!":"{{MlflowExamples.RunId}}"}""", gives: $$"""{"run":{{MlflowExamples.Run}}}""");
        endpoints.MapMlflowMethod("POST", Root + "update", Update).Requires(PermissionLevel.Edit, AccessTarget.Run, "run_id")
            .Describe("Changes a run's status (RUNNING, SCHEDULED, FINISHED, FAILED or KILLED), end time or name.", $$"""{"run_id!":"{{MlflowExamples.RunId}}","status":"FINISHED","end_time":1764000060000,"run_name":"bold-crane-7"}""", gives: $$"""{"run_info":{{MlflowExamples.RunInfo}}}""");
        endpoints.MapMlflowMethod("POST", Root + "delete", Delete).Requires(PermissionLevel.Manage, AccessTarget.Run, "run_id")
            .Describe("Deletes a run softly. Again changes nothing.", $$"""{"run_id!":"{{MlflowExamples.RunId}}"}""");
        endpoints.MapMlflowMethod("POST", Root + "restore", Restore).Requires(PermissionLevel.Manage, AccessTarget.Run, "run_id")
            .Describe("Brings a deleted run back. Again changes nothing.", $$"""{"run_id!":"{{MlflowExamples.RunId}}"}""");
        endpoints.MapMlflowMethod("POST", Root + "log-metric", LogMetric).Requires(PermissionLevel.Edit, AccessTarget.Run, "run_id").Requires(PermissionLevel.Edit, AccessTarget.LoggedModel, "model_id", optional: true)
            .Describe("Logs one point of a metric.", $$"""{"run_id!":"{{MlflowExamples.RunId}}","key!":"accuracy","value!":0.97,"timestamp!":1764000000000,"step":3}""");
        endpoints.MapMlflowMethod("POST", Root + "log-parameter", LogParameter).Requires(PermissionLevel.Edit, AccessTarget.Run, "run_id")
            .Describe("Logs a param, which keeps its value.", $$"""{"run_id!":"{{MlflowExamples.RunId}}","key!":"depth","value":"4"}""");
        endpoints.MapMlflowRaw("POST", Root + "log-batch", LogBatch).Requires(PermissionLevel.Edit, AccessTarget.Run, "run_id").Requires(PermissionLevel.Edit, AccessTarget.LoggedModel, "metrics.model_id", optional: true, many: true)
            .Describe("Logs up to 1,000 metrics, 100 params and 100 tags together, all or nothing.", $$"""{"run_id!":"{{MlflowExamples.RunId}}","metrics":[{"key!":"accuracy","value!":0.97,"timestamp!":1764000000000,"step":3}],"params":[{"key!":"depth","value":"4"}],"tags":[{"key!":"team","value":"botany"}]}""");
        endpoints.MapMlflowMethod("POST", Root + "set-tag", SetTag).Requires(PermissionLevel.Edit, AccessTarget.Run, "run_id")
            .Describe("Sets a run's tag.", $$"""{"run_id!":"{{MlflowExamples.RunId}}","key!":"team","value":"botany"}""");
        endpoints.MapMlflowMethod("POST", Root + "delete-tag", DeleteTag).Requires(PermissionLevel.Edit, AccessTarget.Run, "run_id")
            .Describe("Removes a run's tag.", $$"""{"run_id!":"{{MlflowExamples.RunId}}","key!":"team"}""");
        endpoints.MapMlflowMethod("POST", Root + "log-inputs", LogInputs).Requires(PermissionLevel.Edit, AccessTarget.Run, "run_id").WithBodyLimit(BodyLimit.Inputs)
            .Describe("Tells which datasets and logged models a run read.", $$"""{"run_id!":"{{MlflowExamples.RunId}}","datasets":[{"dataset!":{"name!":"iris","digest!":"9f86d081","source_type!":"http","source!":"https://example.org/iris.csv"},"tags":[{"key":"mlflow.data.context","value":"training"}]}],"models":[{"model_id!":"{{MlflowExamples.ModelId}}"}]}""");
        endpoints.MapMlflowMethod("POST", Root + "outputs", LogOutputs).Requires(PermissionLevel.Edit, AccessTarget.Run, "run_id")
            .Describe("Tells which logged models a run made.", $$"""{"run_id!":"{{MlflowExamples.RunId}}","models":[{"model_id!":"{{MlflowExamples.ModelId}}","step!":0}]}""");
        endpoints.MapMlflowMethod("POST", Root + "log-model", LogModel).Requires(PermissionLevel.Edit, AccessTarget.Run, "run_id")
            .Describe("Describes a model among the artifacts of a run, as clients before 3.0 do.", $$$"""{"run_id!":"{{{MlflowExamples.RunId}}}","model_json!":"{\"artifact_path\":\"model\",\"run_id\":\"{{{MlflowExamples.RunId}}}\",\"utc_time_created\":\"2025-11-24 16:00:00\",\"flavors\":{}}"}""");
        endpoints.MapMlflowMethod("POST", Root + "search", Search).ShowsReadable()
            .Describe("Runs of some experiments that match a filter.", """{"experiment_ids":["1"],"filter":"metrics.accuracy > 0.9","run_view_type":"ACTIVE_ONLY","max_results":100,"order_by":["metrics.accuracy DESC"],"page_token":""}""", gives: $$"""{"runs":[{{MlflowExamples.Run}}],"next_page_token":"eyJv"}""");
        endpoints.MapMlflowMethod("GET", "/mlflow/metrics/get-history", GetHistory).Requires(PermissionLevel.Read, AccessTarget.Run, "run_id")
            .Describe("All points of one metric, ordered by timestamp, step and value.", $$"""{"run_id!":"{{MlflowExamples.RunId}}","metric_key!":"accuracy","max_results":1000,"page_token":""}""", gives: $$"""{"metrics":[{{MlflowExamples.Metric}}],"next_page_token":"eyJv"}""");
    }

    private static async Task Create(MlflowCall call)
    {
        var request = call.Request;
        var experiment = request.Name("experiment_id") is { } id ? TrackingIds.OfExperiment(id) : "0";
        var name = request.Text("run_name") is { Length: > 0 } given ? given : null;
        var runId = call.Context.NewId();
        var run = await call.Grains.GetGrain<IRunGrain>(runId).Create(
            new NewRun(experiment, name, request.Text("user_id"), request.Int64("start_time"), request.Tags("tags")), call.Aborted);
        await Answer(call, run);
    }

    private static async Task Get(MlflowCall call)
    {
        var id = RunId(call.Request);
        await Answer(call, await call.Grains.GetGrain<IRunGrain>(id).Get(call.Aborted) ?? throw TrackingErrors.NoRun(id));
    }

    private static async Task Update(MlflowCall call)
    {
        var update = new RunUpdate(
            call.Request.Enum("status", MlflowEntities.RunStatuses),
            call.Request.Int64("end_time"),
            call.Request.Text("run_name") is { Length: > 0 } name ? name : null);
        var info = await Run(call).Update(update, call.Aborted);
        await call.Answer(json =>
        {
            json.WritePropertyName("run_info");
            json.WriteRunInfo(info);
        });
    }

    private static async Task Delete(MlflowCall call)
    {
        await Run(call).Delete(call.Aborted);
        await call.Done();
    }

    private static async Task Restore(MlflowCall call)
    {
        await Run(call).Restore(call.Aborted);
        await call.Done();
    }

    private static async Task LogMetric(MlflowCall call)
    {
        var run = Run(call);
        var key = call.Request.Required("key");
        var value = call.Request.Double("value") ?? throw MlopsException.Missing("value");
        var timestamp = call.Request.Int64("timestamp") ?? throw MlopsException.Missing("timestamp");
        if (timestamp < 0)
        {
            throw BatchLimits.BadTimestamp("timestamp", key, timestamp);
        }

        var step = call.Request.Int64("step") ?? 0;
        var batch = new RunBatch(new MetricColumns([key], [0], [value], [timestamp], [step]), [], []);
        if (call.Request.Text("model_id") is { Length: > 0 } model)
        {
            var models = new ModelMetrics();
            models.Add(model, new LoggedModelMetric(key, value, timestamp, step, null, call.Request.Text("dataset_name"), call.Request.Text("dataset_digest")));
            await models.LogAsync(call.Grains, RunId(call.Request), batch);
        }
        else
        {
            await run.LogBatch(batch, call.Aborted);
        }

        await call.Done();
    }

    private static async Task LogParameter(MlflowCall call)
    {
        var run = Run(call);
        var param = new Tag(call.Request.Required("key"), call.Request.Text("value") ?? "");
        await run.LogBatch(new RunBatch(MetricColumns.Empty, [param], []), call.Aborted);
        await call.Done();
    }

    private static async Task SetTag(MlflowCall call)
    {
        var run = Run(call);
        var tag = new Tag(call.Request.Required("key"), call.Request.Text("value") ?? "");
        await run.LogBatch(new RunBatch(MetricColumns.Empty, [], [tag]), call.Aborted);
        await call.Done();
    }

    /// <summary>The hot path: the body's own bytes become columns.</summary>
    private static async Task LogBatch(HttpContext context)
    {
        MlflowRequest.CheckContentType(context.Request);
        var batch = await RequestBody.ReadAsync(context.Request, BatchReader.ReadMlflow, context.RequestAborted);
        var id = TrackingIds.CheckRun("run_id", batch.RunId is { Length: > 0 } given ? given : throw MlopsException.Missing("run_id"));
        var grains = context.RequestServices.GetRequiredService<IGrainFactory>();
        await context.RequireAsync(AccessTarget.Run, id);
        await context.RequireEachAsync(AccessTarget.LoggedModel, batch.Models?.ModelIds ?? []);
        await (batch.Models is { } models ? models.LogAsync(grains, id, batch.Batch) : grains.GetGrain<IRunGrain>(id).LogBatch(batch.Batch, context.RequestAborted));
        await MlflowCall.Done(context);
    }

    private static async Task DeleteTag(MlflowCall call)
    {
        await Run(call).DeleteTag(call.Request.Required("key"), call.Aborted);
        await call.Done();
    }

    private static async Task LogInputs(MlflowCall call)
    {
        var run = Run(call);
        var inputs = call.Request.Messages("datasets").Select(ToInput).ToArray();
        Limit.Count("datasets", inputs.Length, TrackingLimits.DatasetsPerRequestMax);
        var models = call.Request.Messages("models").Select((model, i) => ModelId(model, i)).ToArray();
        await run.LogInputs(inputs, models, call.Aborted);
        await call.Done();
    }

    private static async Task LogOutputs(MlflowCall call)
    {
        var models = call.Request.Messages("models").Select((model, i) => new ModelOutput(ModelId(model, i), Step(model, i))).ToArray();
        await Run(call).LogOutputs(models, call.Aborted);
        await call.Done();

        static long Step(MlflowRequest model, int index) => model.Int64("step") ?? throw MlopsException.Missing($"models[{index}].step");
    }

    private static async Task LogModel(MlflowCall call)
    {
        await Run(call).LogModelDescription(call.Request.Required("model_json"), call.Aborted);
        await call.Done();
    }

    private static string ModelId(MlflowRequest model, int index)
    {
        var place = $"models[{index}].model_id";
        return TrackingIds.CheckRun(place, model.Text("model_id") is { Length: > 0 } id ? id : throw MlopsException.Missing(place));
    }

    private static DatasetInput ToInput(MlflowRequest input, int index)
    {
        var place = $"datasets[{index}].dataset";
        var dataset = input.Message("dataset") ?? throw MlopsException.Missing(place);
        return new DatasetInput(
            Text("name", TrackingLimits.DatasetNameLengthMax)!,
            Text("digest", TrackingLimits.DatasetDigestLengthMax)!,
            Text("source_type", TrackingLimits.DatasetSourceTypeLengthMax)!,
            Text("source", TrackingLimits.DatasetSourceLengthMax)!,
            Text("schema", TrackingLimits.DatasetSchemaLengthMax, required: false),
            Text("profile", TrackingLimits.DatasetProfileLengthMax, required: false),
            input.Tags("tags"));

        string? Text(string name, int max, bool required = true)
        {
            var text = dataset.Text(name);
            if (required && string.IsNullOrEmpty(text))
            {
                throw MlopsException.Missing($"{place}.{name}");
            }

            Limit.Length($"{place}.{name}", text, max);
            return text;
        }
    }

    private static async Task Search(MlflowCall call)
    {
        var request = call.Request;
        var experiments = request.Texts("experiment_ids");
        var asked = request.Page(1000, TrackingLimits.SearchResultsMax);
        TrackingIds.CheckExperiments("experiment_ids", experiments);
        experiments = await call.Context.ReadableAsync(PermissionKind.Experiment, experiments, id => id);

        var query = new RunQuery(
            experiments,
            request.Text("filter"),
            request.Enum("run_view_type", MlflowEntities.Views) ?? LifecycleView.ActiveOnly,
            request.Texts("order_by"),
            asked.Size,
            asked.Token);
        if (experiments.Count == 0)
        {
            await call.Done();
            return;
        }

        var page = await call.Grains.GetGrain<IRunSearchGrain>(0).Search(query, call.Aborted);
        await call.AnswerPage("runs", page, MlflowEntities.WriteRun);
    }

    private static async Task GetHistory(MlflowCall call)
    {
        var run = Run(call);
        var key = call.Request.Required("metric_key");
        var asked = call.Request.Page(TrackingLimits.HistoryPageMax, TrackingLimits.HistoryPageMax, zeroIsUsual: true);
        var history = await run.GetMetricHistory(key, asked.Token, asked.Size, call.Aborted);
        await call.Answer(json =>
        {
            var points = history.Points;
            if (points.Count > 0)
            {
                json.WriteStartArray("metrics");
                for (var i = 0; i < points.Count; i++)
                {
                    json.WriteMetric(points.Keys[points.KeyIndexes[i]], points.Values[i], points.Timestamps[i], points.Steps[i]);
                }

                json.WriteEndArray();
            }

            json.WriteNextPage(history.NextPageToken);
        });
    }

    private static Task Answer(MlflowCall call, Run run) => call.Answer(json =>
    {
        json.WritePropertyName("run");
        json.WriteRun(run);
    });

    /// <summary><c>run_id</c>, or the legacy alias that old clients send alone and new ones beside it.</summary>
    public static string RunId(MlflowRequest request) => TrackingIds.CheckRun("run_id", request.Name("run_id") ?? throw MlopsException.Missing("run_id"));

    private static IRunGrain Run(MlflowCall call) => call.Grains.GetGrain<IRunGrain>(RunId(call.Request));
}
