using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Limits;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>Runs of the native API.</summary>
internal static class RunsEndpoints
{
    public static void MapRuns(this IEndpointRouteBuilder endpoints)
    {
        var runs = endpoints.MapNative("Runs");
        runs.MapPost("/runs", Create).Requires(PermissionLevel.Edit, AccessTarget.Experiment, "experimentId").WithName("CreateRun").CreatesOnce().WithSummary("Starts a run in an experiment.")
            .WithExample("""{"experimentId":"1","runName":"bold-crane-7","tags":[{"key":"team","value":"botany"}]}""");
        runs.MapPut("/runs/{id}", CreateWithId).Requires(PermissionLevel.Edit, AccessTarget.Experiment, "experimentId").WithName("CreateRunWithId")
            .WithSummary("Starts a run under an id that its maker chose (32 lower-case hex digits), so that a program can begin before it reaches the platform. Again answers the stored run.")
            .WithExample("""{"experimentId":"1","runName":"bold-crane-7"}""");
        runs.MapGet("/runs/{id}", Get).Requires(PermissionLevel.Read, AccessTarget.Run, "id").WithName("GetRun").WithSummary("One run with its params, tags, inputs and latest metrics.");
        runs.MapPatch("/runs/{id}", Update).Requires(PermissionLevel.Edit, AccessTarget.Run, "id").WithName("UpdateRun").WithSummary("Changes a run's status, end time or name; what is not given stays.")
            .WithExample("""{"status":"finished","endTime":1764000060000}""");
        runs.MapDelete("/runs/{id}", Delete).Requires(PermissionLevel.Manage, AccessTarget.Run, "id").WithName("DeleteRun").WithSummary("Deletes a run softly: it can be restored until retention removes it. Again changes nothing.");
        runs.MapPost("/runs/{id}/restore", Restore).Requires(PermissionLevel.Manage, AccessTarget.Run, "id").WithName("RestoreRun").WithSummary("Brings a deleted run back. Again changes nothing.");
        runs.MapPost("/runs/search", Search).ShowsReadable().WithName("SearchRuns").WithSummary("Runs of some experiments that match a filter, page by page or from any rank on (skip); with how many match (total), and with no more than the metrics, params and tags asked for (columns).")
            .WithExample("""{"experimentIds":["1"],"filter":"metrics.accuracy > 0.9","orderBy":["metrics.accuracy DESC"],"maxResults":100,"skip":500,"total":true,"columns":["metrics.accuracy","params.depth"]}""");
        runs.MapPost("/runs/{id}/batches", LogBatch).Requires(PermissionLevel.Edit, AccessTarget.Run, "id").WithName("LogBatch").Accepts<BatchBody>("application/json").Produces(StatusCodes.Status204NoContent)
            .WithSummary("Writes params, metrics and tags together, all or nothing; with a producer position, exactly once. Points come as objects (metrics) or as columns.")
            .WithExample("""{"metrics":[{"key":"accuracy","value":0.97,"timestamp":1764000000000,"step":3}],"params":[{"key":"depth","value":"4"}],"tags":[{"key":"team","value":"botany"}],"producer":{"producerId":"trainer-1","sequence":1}}""");
        runs.MapPost("/runs/{id}/heartbeat", Beat).Requires(PermissionLevel.Edit, AccessTarget.Run, "id").WithName("BeatRun").WithSummary("A sign of life of a run whose silence would count as failure.");
        runs.MapGet("/runs/{id}/metrics/{key}/history", GetBuckets).Requires(PermissionLevel.Read, AccessTarget.Run, "id").WithName("GetMetricBuckets")
            .WithSummary("Lowest and highest point of a metric per bucket of steps, for charts: no spike is lost, and a complete bucket does not change. A '/' in the key is sent as %2F.");
        runs.MapPost("/runs/curves", GetCurves).Requires(PermissionLevel.Read, AccessTarget.Run, "runIds", many: true).WithName("GetCurves")
            .WithSummary("Several metrics of several runs for charts, over steps, time or time since the start: lowest and highest point of each bucket, as columns.")
            .WithExample($$"""{"runIds":["{{MlflowExamples.RunId}}"],"keys":["loss","accuracy"],"by":"step","buckets":500}""");
        runs.MapGet("/runs/{id}/metrics", GetHistory).Requires(PermissionLevel.Read, AccessTarget.Run, "id").WithName("GetMetricHistory").WithSummary("All points of one metric, ordered by timestamp, step and value.");
    }

    private static async Task<Created<Run>> Create(NewRun run, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken)
    {
        await context.RequireAsync(AccessTarget.Experiment, TrackingIds.OfExperiment(run.ExperimentId));
        var created = await grains.GetGrain<IRunGrain>(context.NewId()).Create(run, cancellationToken);
        return TypedResults.Created($"/api/v1/runs/{created.Info.RunId}", created);
    }

    private static async Task<Ok<Run>> CreateWithId(string id, NewRun run, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken)
    {
        await context.RequireAsync(AccessTarget.Experiment, TrackingIds.OfExperiment(run.ExperimentId));
        var stored = await grains.GetGrain<IRunGrain>(IdFormat.Check("id", id)).Create(run, cancellationToken);

        // Who may write to one experiment learns nothing of another one's runs.
        return stored.Info.ExperimentId == run.ExperimentId
            ? TypedResults.Ok(stored)
            : throw MlopsException.Conflict($"Run '{id}' is in another experiment.");
    }

    private static async Task<Ok<Run>> Get(string id, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Run(grains, id).Get(cancellationToken) ?? throw TrackingErrors.NoRun(id));

    private static async Task<Ok<RunInfo>> Update(string id, RunUpdate update, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Run(grains, id).Update(update, cancellationToken));

    private static async Task<NoContent> Delete(string id, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await Run(grains, id).Delete(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> Restore(string id, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await Run(grains, id).Restore(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<FoundRuns>> Search(RunSearch search, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken)
    {
        Limit.Count("experimentIds", search.ExperimentIds.Count, TrackingLimits.SearchExperimentsMax);
        TrackingIds.CheckExperiments("experimentIds", search.ExperimentIds);
        var page = PageRequest.Native(search.MaxResults, search.PageToken, TrackingLimits.SearchResultsMax, "maxResults");
        var query = new RunQuery(
            await context.ReadableAsync(PermissionKind.Experiment, search.ExperimentIds, id => id), search.Filter, search.View, search.OrderBy ?? [], page.Size, page.Token,
            search.Skip, search.Total, search.Columns);
        return TypedResults.Ok(query.ExperimentIds.Count == 0
            ? new FoundRuns([], null, search.Total ? 0 : null)
            : await grains.GetGrain<IRunSearchGrain>(0).Find(query, cancellationToken));
    }

    private static async Task<NoContent> LogBatch(string id, HttpRequest request, IGrainFactory grains)
    {
        var run = Run(grains, id);
        var batch = await RequestBody.ReadAsync(request, BatchReader.ReadNative, request.HttpContext.RequestAborted);
        await run.LogBatch(batch, request.HttpContext.RequestAborted);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> Beat(string id, IGrainFactory grains, CancellationToken cancellationToken)
    {
        await Run(grains, id).Beat(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<PointPage>> GetHistory(
        string id, string key, IGrainFactory grains, CancellationToken cancellationToken, int limit = 1000, string? pageToken = null)
    {
        var asked = PageRequest.Native(limit, pageToken, TrackingLimits.HistoryPageMax);
        var history = await Run(grains, id).GetMetricHistory(key, asked.Token, asked.Size, cancellationToken);
        var points = history.Points;
        var page = Enumerable.Range(0, points.Count).Select(i => new MetricPoint(points.Values[i], points.Timestamps[i], points.Steps[i])).ToArray();
        return TypedResults.Ok(new PointPage(page, history.NextPageToken));
    }

    private static async Task<Ok<MetricBuckets>> GetBuckets(
        string id, string key, IGrainFactory grains, CancellationToken cancellationToken, int points = 1000, long startStep = long.MinValue, long endStep = long.MaxValue)
    {
        var run = Run(grains, id);
        _ = await run.Get(cancellationToken) ?? throw TrackingErrors.NoRun(id);
        return TypedResults.Ok(await run.GetMetricBuckets(Uri.UnescapeDataString(key), points, startStep, endStep, cancellationToken));
    }

    private static async Task<Ok<CurveList>> GetCurves(CurveQuery query, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken)
    {
        Limit.Count("runIds", query.RunIds.Count, TrackingLimits.HistoryRunsMax);
        foreach (var id in query.RunIds)
        {
            await context.RequireAsync(AccessTarget.Run, TrackingIds.CheckRun("runIds", id));
        }

        return TypedResults.Ok(new CurveList(await grains.GetGrain<IMetricHistoriesGrain>(0).Curves(query, cancellationToken)));
    }

    private static IRunGrain Run(IGrainFactory grains, string id) => grains.GetGrain<IRunGrain>(TrackingIds.CheckRun("id", id));

    /// <summary>A search over runs.</summary>
    internal sealed record RunSearch(
        IReadOnlyList<string> ExperimentIds,
        string? Filter = null,
        LifecycleView View = LifecycleView.ActiveOnly,
        IReadOnlyList<string>? OrderBy = null,
        int MaxResults = 1000,
        string? PageToken = null,
        int Skip = 0,
        bool Total = false,
        IReadOnlyList<string>? Columns = null);

    /// <summary>
    /// What a batch holds; its points come either as <c>metrics</c> or, for producers of many, as <c>columns</c>: distinct keys, and for each point the place of
    /// its key, its value, its timestamp and its step. For the API document only; the bytes are read by <see cref="BatchReader"/>.
    /// </summary>
    internal sealed record BatchBody(
        IReadOnlyList<Metric>? Metrics = null, PointColumns? Columns = null, IReadOnlyList<Tag>? Params = null, IReadOnlyList<Tag>? Tags = null, ProducerPosition? Producer = null);

    /// <summary>Points as columns: at most 1,000 keys and points, all arrays but <c>keys</c> of one length.</summary>
    internal sealed record PointColumns(
        IReadOnlyList<string> Keys, IReadOnlyList<int> KeyIndexes, IReadOnlyList<double> Values, IReadOnlyList<long> Timestamps, IReadOnlyList<long> Steps);

    /// <summary>By run and then by key, each in the order asked for.</summary>
    internal sealed record CurveList(IReadOnlyList<MetricCurve> Curves);

    /// <summary>A page of one metric's points.</summary>
    internal sealed record PointPage(IReadOnlyList<MetricPoint> Points, string? NextPageToken);
}
