using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Mlflow;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>MLflow's methods for one metric of several runs, which its web UI draws its charts from.</summary>
internal static class MlflowMetricEndpoints
{
    private const int RunsMax = 100;
    private const int BulkResultsMax = 25_000;
    private const int IntervalResultsMax = 2500;

    public static void MapMlflowMetrics(this IEndpointRouteBuilder endpoints)
    {
        endpoints = endpoints.MapGroup("").WithTags("MLflow runs");
        endpoints.MapMlflowMethod("GET", "/mlflow/metrics/get-history-bulk", GetHistoryBulk)
            .Describe("The points of one metric of up to 100 runs.", $$"""{"run_id!":["{{MlflowExamples.RunId}}"],"metric_key!":"accuracy","max_results":25000}""", gives: $$"""{"metrics":[{{MlflowExamples.RunMetric}}]}""");
        endpoints.MapMlflowMethod("GET", "/mlflow/metrics/get-history-bulk-interval", GetHistoryBulkInterval)
            .Describe("The points of one metric of up to 100 runs, thinned to some steps.", $$"""{"run_ids!":["{{MlflowExamples.RunId}}"],"metric_key!":"accuracy","start_step":0,"end_step":100,"max_results":320}""", gives: $$"""{"metrics":[{{MlflowExamples.RunMetric}}]}""");
    }

    private static async Task GetHistoryBulk(MlflowCall call)
    {
        var runs = RunIds(call.Request, "run_id");
        var key = call.Request.Required("metric_key");
        var max = MaxResults(call.Request, BulkResultsMax);
        await Answer(call, await call.Grains.GetGrain<IMetricHistoriesGrain>(0).All(runs, key, max, call.Aborted));
    }

    private static async Task GetHistoryBulkInterval(MlflowCall call)
    {
        var runs = RunIds(call.Request, "run_ids");
        var key = call.Request.Required("metric_key");
        var (start, end) = (call.Request.Int64("start_step"), call.Request.Int64("end_step"));
        var max = MaxResults(call.Request, IntervalResultsMax);
        await Answer(call, await call.Grains.GetGrain<IMetricHistoriesGrain>(0).Sampled(runs, key, start, end, max, call.Aborted));
    }

    private static IReadOnlyList<string> RunIds(MlflowRequest request, string name)
    {
        var ids = request.Texts(name);
        return ids.Count is >= 1 and <= RunsMax
            ? [.. ids.Select(id => ExperimentIds.CheckRun(name, id))]
            : throw (ids.Count == 0 ? MlflowRequest.Missing(name) : MlflowRequest.Invalid(name, $"{ids.Count} run ids; at most {RunsMax}"));
    }

    private static int MaxResults(MlflowRequest request, int max)
    {
        var given = request.Int64("max_results") ?? max;
        return given >= 1 && given <= max ? (int)given : throw MlflowRequest.Invalid("max_results", $"{given}; must be 1 to {max}");
    }

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
