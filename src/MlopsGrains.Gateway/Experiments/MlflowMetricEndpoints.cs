using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>MLflow's methods for one metric of several runs, which its web UI draws its charts from.</summary>
internal static class MlflowMetricEndpoints
{
    public static void MapMlflowMetrics(this IEndpointRouteBuilder endpoints)
    {
        endpoints = endpoints.MapGroup("").WithTags("MLflow runs");
        endpoints.MapMlflowMethod("GET", "/mlflow/metrics/get-history-bulk", GetHistoryBulk).Requires(PermissionLevel.Read, AccessTarget.Run, "run_id", many: true)
            .Describe("The points of one metric of up to 100 runs.", $$"""{"run_id!":["{{MlflowExamples.RunId}}"],"metric_key!":"accuracy","max_results":25000}""", gives: $$"""{"metrics":[{{MlflowExamples.RunMetric}}]}""");
        endpoints.MapMlflowMethod("GET", "/mlflow/metrics/get-history-bulk-interval", GetHistoryBulkInterval).Requires(PermissionLevel.Read, AccessTarget.Run, "run_ids", many: true)
            .Describe("The points of one metric of up to 100 runs, thinned to some steps.", $$"""{"run_ids!":["{{MlflowExamples.RunId}}"],"metric_key!":"accuracy","start_step":0,"end_step":100,"max_results":320}""", gives: $$"""{"metrics":[{{MlflowExamples.RunMetric}}]}""");
    }

    private static async Task GetHistoryBulk(MlflowCall call)
    {
        const string Method = "GetMetricHistoryBulk";
        var ids = call.Request.Texts("run_id");
        if (ids.Count == 0)
        {
            throw MlopsException.Invalid("run_id", $"{Method} request must specify at least one run_id.");
        }

        var runs = Runs("run_id", ids, $"{Method} request cannot specify more than {TrackingLimits.HistoryRunsMax} run_ids.");
        var key = call.Request.Text("metric_key") is { Length: > 0 } given ? given : throw MlopsException.Invalid("metric_key", $"{Method} request must specify a metric_key.");
        var max = call.Request.Page(TrackingLimits.HistoryPageMax, TrackingLimits.HistoryPageMax).Size;
        await Answer(call, await call.Grains.GetGrain<IMetricHistoriesGrain>(0).All(runs, key, max, call.Aborted));
    }

    private static async Task GetHistoryBulkInterval(MlflowCall call)
    {
        var ids = call.Request.Texts("run_ids");
        var runs = Runs("run_ids", ids.Count > 0 ? ids : throw MlopsException.Missing("run_ids"), $"GetMetricHistoryBulkInterval request must specify at most {TrackingLimits.HistoryRunsMax} run_ids.");
        var key = call.Request.Required("metric_key");
        var (start, end) = (call.Request.Int64("start_step"), call.Request.Int64("end_step"));
        var max = call.Request.Int64("max_results") ?? TrackingLimits.HistoryStepsMax;
        if (max is < 1 or > TrackingLimits.HistoryStepsMax)
        {
            throw MlopsException.Invalid("max_results", $"max_results must be between 1 and {TrackingLimits.HistoryStepsMax}. It is {max}.");
        }

        await Answer(call, await call.Grains.GetGrain<IMetricHistoriesGrain>(0).Sampled(runs, key, start, end, (int)max, call.Aborted));
    }

    private static IReadOnlyList<string> Runs(string field, IReadOnlyList<string> ids, string tooMany) =>
        ids.Count <= TrackingLimits.HistoryRunsMax ? [.. ids.Select(id => TrackingIds.CheckRun(field, id))] : throw MlopsException.Invalid(field, $"{tooMany} Received {ids.Count} run_ids.");

    private static Task Answer(MlflowCall call, IReadOnlyList<RunMetricHistory> histories) => call.Answer(json =>
    {
        if (histories.Count == 0)
        {
            return;
        }

        json.WriteStartArray("metrics");
        foreach (var (run, points) in histories)
        {
            for (var i = 0; i < points.Count; i++)
            {
                json.WriteMetric(points.Keys[points.KeyIndexes[i]], points.Values[i], points.Timestamps[i], points.Steps[i], run);
            }
        }

        json.WriteEndArray();
    });
}
