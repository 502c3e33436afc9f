using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>MLflow's experiment methods.</summary>
internal static class MlflowExperimentEndpoints
{
    private const int DatasetExperimentsMax = 20;
    private const int DatasetsMax = 1000;
    private const int DatasetPageSize = 1000;

    /// <summary>Looks at the latest 50,000 runs with datasets at most.</summary>
    private const int DatasetPagesMax = 50;

    public static void MapMlflowExperiments(this IEndpointRouteBuilder endpoints)
    {
        endpoints = endpoints.MapGroup("").WithTags("MLflow experiments");
        const string Root = "/mlflow/experiments/";
        endpoints.MapMlflowMethod("POST", Root + "create", Create).CreatesOnce().RequiresSignIn().Requires(PermissionLevel.Edit, AccessTarget.Location, "artifact_location", optional: true)
            .Describe("Creates an experiment with a name of its own.", """{"name!":"iris","artifact_location":"","tags":[{"key":"team","value":"botany"}]}""", gives: """{"experiment_id":"1"}""");
        endpoints.MapMlflowMethod("GET", Root + "get-by-name", GetByName).Requires(PermissionLevel.Read, AccessTarget.ExperimentName, "experiment_name")
            .Describe("The experiment of a name, deleted or not.", """{"experiment_name!":"iris"}""", gives: $$"""{"experiment":{{MlflowExamples.Experiment}}}""");
        endpoints.MapMlflowMethod("GET", Root + "get", Get).Requires(PermissionLevel.Read, AccessTarget.Experiment, "experiment_id")
            .Describe("One experiment, deleted or not.", """{"experiment_id!":"1"}""", gives: $$"""{"experiment":{{MlflowExamples.Experiment}}}""");
        endpoints.MapMlflowMethod("GET POST", Root + "search", Search).ShowsReadable()
            .Describe("Experiments that match a filter, newest first.", """{"max_results!":100,"filter":"name LIKE 'iris%'","view_type":"ACTIVE_ONLY","order_by":["creation_time DESC"],"page_token":""}""", gives: $$"""{"experiments":[{{MlflowExamples.Experiment}}],"next_page_token":"eyJv"}""");
        endpoints.MapMlflowMethod("POST", Root + "search-datasets", SearchDatasets).ShowsReadable()
            .Describe("The datasets that the runs of some experiments read, each once.", """{"experiment_ids!":["1"]}""", gives: """{"dataset_summaries":[{"experiment_id":"1","name":"iris","digest":"9f86d081","context":"training"}]}""");
        endpoints.MapMlflowMethod("POST", Root + "delete", Delete).Requires(PermissionLevel.Manage, AccessTarget.Experiment, "experiment_id")
            .Describe("Deletes an experiment and its runs softly.", """{"experiment_id!":"1"}""");
        endpoints.MapMlflowMethod("POST", Root + "restore", Restore).Requires(PermissionLevel.Manage, AccessTarget.Experiment, "experiment_id")
            .Describe("Brings a deleted experiment back, with all its runs.", """{"experiment_id!":"1"}""");
        endpoints.MapMlflowMethod("POST", Root + "update", Update).Requires(PermissionLevel.Edit, AccessTarget.Experiment, "experiment_id")
            .Describe("Gives an experiment another name.", """{"experiment_id!":"1","new_name":"iris renamed"}""");
        endpoints.MapMlflowMethod("POST", Root + "set-experiment-tag", SetTag).Requires(PermissionLevel.Edit, AccessTarget.Experiment, "experiment_id")
            .Describe("Sets an experiment's tag.", """{"experiment_id!":"1","key!":"team","value":"botany"}""");
        endpoints.MapMlflowMethod("POST", Root + "delete-experiment-tag", DeleteTag).Requires(PermissionLevel.Edit, AccessTarget.Experiment, "experiment_id")
            .Describe("Removes an experiment's tag.", """{"experiment_id!":"1","key!":"team"}""");
    }

    private static async Task Create(MlflowCall call)
    {
        var location = call.Request.Text("artifact_location");
        var created = await Catalog(call).Create(
            new NewExperiment(call.Request.Required("name"), string.IsNullOrEmpty(location) ? null : location, call.Request.Tags("tags")), call.Aborted);
        await call.Context.OwnAsync(PermissionKind.Experiment, created.ExperimentId);
        await call.Answer(json => json.WriteString("experiment_id", created.ExperimentId));
    }

    private static async Task GetByName(MlflowCall call)
    {
        var name = call.Request.Required("experiment_name");
        var experiment = await Catalog(call).FindByName(name, call.Aborted) ?? throw TrackingErrors.NoExperimentNamed(name);
        await Answer(call, experiment);
    }

    private static async Task Get(MlflowCall call)
    {
        var id = RequiredId(call);
        var experiment = await call.Grains.GetGrain<IExperimentGrain>(id).Get(call.Aborted) ?? throw TrackingErrors.NoExperiment(id);
        await Answer(call, experiment);
    }

    private static async Task Search(MlflowCall call)
    {
        var (filter, view, order) = (call.Request.Text("filter"), call.Request.Enum("view_type", MlflowEntities.Views) ?? LifecycleView.ActiveOnly, call.Request.Texts("order_by"));
        var page = await call.Context.ReadablePageAsync(
            PermissionKind.Experiment, call.Request.Page(0, TrackingLimits.SearchResultsMax),
            (size, token) => Catalog(call).Search(new ExperimentQuery(filter, view, order, size, token), call.Aborted), e => e.ExperimentId);
        await call.AnswerPage("experiments", page, MlflowEntities.WriteExperiment);
    }

    /// <summary>The datasets that the runs of some experiments read, each once.</summary>
    private static async Task SearchDatasets(MlflowCall call)
    {
        var experiments = call.Request.Texts("experiment_ids");
        if (experiments.Count == 0)
        {
            throw MlopsException.Invalid("experiment_ids", "SearchDatasets request must specify at least one experiment_id. Give them as experiment_ids.");
        }

        if (experiments.Count > DatasetExperimentsMax)
        {
            throw MlopsException.Invalid(
                "experiment_ids", $"SearchDatasets request cannot specify more than {DatasetExperimentsMax} experiment_ids. Received {experiments.Count} experiment_ids.");
        }

        TrackingIds.CheckExperiments("experiment_ids", experiments);
        experiments = await call.Context.ReadableAsync(PermissionKind.Experiment, experiments, id => id);
        var found = new HashSet<(string Experiment, string Name, string Digest, string? Context)>();
        string? token = null;
        for (var page = 0; experiments.Count > 0 && page < DatasetPagesMax && found.Count < DatasetsMax; page++)
        {
            var runs = await call.Grains.GetGrain<IRunSearchGrain>(0).Search(
                new RunQuery(experiments, "datasets.name LIKE '%'", LifecycleView.ActiveOnly, [], DatasetPageSize, token), call.Aborted);
            foreach (var run in runs.Items)
            {
                found.UnionWith(run.Inputs.Select(d => (run.Info.ExperimentId, d.Name, d.Digest, d.Tags.FirstOrDefault(t => t.Key == "mlflow.data.context")?.Value)));
            }

            token = runs.NextPageToken;
            if (token is null)
            {
                break;
            }
        }

        await call.Answer(json =>
        {
            if (found.Count == 0)
            {
                return;
            }

            json.WriteStartArray("dataset_summaries");
            foreach (var (experiment, name, digest, context) in found.Take(DatasetsMax))
            {
                json.WriteStartObject();
                json.WriteString("experiment_id", experiment);
                json.WriteString("name", name);
                json.WriteString("digest", digest);
                if (context is not null)
                {
                    json.WriteString("context", context);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private static async Task Delete(MlflowCall call)
    {
        await Existing(call).Delete(call.Aborted);
        await call.Done();
    }

    private static async Task Restore(MlflowCall call)
    {
        await Existing(call).Restore(call.Aborted);
        await call.Done();
    }

    private static async Task Update(MlflowCall call)
    {
        var experiment = Existing(call);
        if (call.Request.Text("new_name") is { Length: > 0 } name)
        {
            await experiment.Rename(name, call.Aborted);
        }

        await call.Done();
    }

    private static async Task SetTag(MlflowCall call)
    {
        await Existing(call).SetTag(call.Request.Required("key"), call.Request.Text("value") ?? "", call.Aborted);
        await call.Done();
    }

    private static async Task DeleteTag(MlflowCall call)
    {
        await Existing(call).DeleteTag(call.Request.Required("key"), call.Aborted);
        await call.Done();
    }

    private static Task Answer(MlflowCall call, Experiment experiment) => call.Answer(json =>
    {
        json.WritePropertyName("experiment");
        json.WriteExperiment(experiment);
    });

    private static string RequiredId(MlflowCall call) =>
        TrackingIds.OfExperiment(call.Request.Name("experiment_id") ?? throw MlopsException.Missing("experiment_id"));

    private static IExperimentGrain Existing(MlflowCall call) => call.Grains.GetGrain<IExperimentGrain>(RequiredId(call));

    private static IExperimentCatalogGrain Catalog(MlflowCall call) => call.Grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main);
}
