using System.Buffers;
using System.Text.Json;
using MlopsGrains.Client.Experiments.Sending;
using MlopsGrains.Client.Http;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Paging;

namespace MlopsGrains.Client;

/// <summary>Runs with their params, metrics, tags and artifacts.</summary>
public sealed class RunsClient
{
    private const string Root = "api/v1/runs";
    private const int HistoryPageSize = 10_000; // About half a megabyte of JSON.

    private readonly GatewayHttp http;
    private readonly TimeProvider time;

    internal RunsClient(GatewayHttp http, TimeProvider time)
    {
        this.http = http;
        this.time = time;
    }

    /// <summary>Creates a run, once, also when an answer is lost on the way. Prefer <see cref="MlopsGrainsClient.StartRunAsync"/>, which also ends it.</summary>
    public Task<Run> CreateAsync(NewRun run, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        return http.CreateAsync<Run>(Root, GatewayHttp.Json(run), idempotencyKey: null, cancellationToken);
    }

    /// <summary>Creates the run of a key: whoever calls again with it, also from another process, gets the same run.</summary>
    /// <param name="run">The same at every call; another one is refused (<see cref="ErrorKind.InvalidInput"/>).</param>
    /// <param name="idempotencyKey">1–255 printable ASCII characters; it counts for one principal.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Run> CreateAsync(NewRun run, string idempotencyKey, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentException.ThrowIfNullOrEmpty(idempotencyKey);
        return http.CreateAsync<Run>(Root, GatewayHttp.Json(run), idempotencyKey, cancellationToken);
    }

    /// <summary>Creates the run of an id that the caller made; again answers the stored run. So a run can have its id before the platform knows of it.</summary>
    /// <param name="runId">32 lower-case hex digits, as random as a UUID; one of another experiment is refused (<see cref="ErrorKind.Conflict"/>).</param>
    /// <param name="run">What to create.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Run> CreateWithIdAsync(string runId, NewRun run, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        return http.ReadAsync<Run>(new GatewayCall(HttpMethod.Put, At(runId), Repeat.Always, GatewayHttp.Json(run)), cancellationToken);
    }

    /// <summary>The run with its latest metrics; throws <see cref="ErrorKind.NotFound"/>.</summary>
    public Task<Run> GetAsync(string runId, CancellationToken cancellationToken = default) => http.GetAsync<Run>(At(runId), cancellationToken);

    /// <summary>Changes the given fields; the run must be active.</summary>
    public Task<RunInfo> UpdateAsync(string runId, RunUpdate update, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(update);
        return http.ReadAsync<RunInfo>(new GatewayCall(HttpMethod.Patch, At(runId), Repeat.Always, GatewayHttp.Json(update)), cancellationToken);
    }

    /// <summary>Deletes a run softly: it can be restored until retention removes it. Again changes nothing.</summary>
    public Task DeleteAsync(string runId, CancellationToken cancellationToken = default) => http.DoAsync(new GatewayCall(HttpMethod.Delete, At(runId)), cancellationToken);

    /// <summary>Brings a deleted run back. Again changes nothing.</summary>
    public Task RestoreAsync(string runId, CancellationToken cancellationToken = default) => http.DoAsync(new GatewayCall(HttpMethod.Post, $"{At(runId)}/restore"), cancellationToken);

    /// <summary>Runs of one experiment that match, read page by page; everything acknowledged before a page was asked for is seen.</summary>
    /// <param name="experimentId">Where to look.</param>
    /// <param name="filter">MLflow's filter grammar, such as <c>metrics.auc &gt; 0.9 AND params.trainer = 'fast-tree'</c>; <see langword="null"/> for all.</param>
    /// <param name="orderBy">Keys with <c>ASC</c> or <c>DESC</c>; newest first when <see langword="null"/>.</param>
    /// <param name="view">Which lifecycle stages.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<Run> SearchAsync(
        string experimentId, string? filter = null, IReadOnlyList<string>? orderBy = null, LifecycleView view = LifecycleView.ActiveOnly, CancellationToken cancellationToken = default)
    {
        const int PageSize = 1000;
        return Pages.All((token, cancel) => SearchPageAsync(new RunQuery([experimentId], filter, view, orderBy ?? [], PageSize, token), cancel), cancellationToken);
    }

    /// <summary>One page of a search over any experiments.</summary>
    public Task<Page<Run>> SearchPageAsync(RunQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return http.ReadAsync<Page<Run>>(new GatewayCall(HttpMethod.Post, $"{Root}/search", Repeat.Always, Search(query)), cancellationToken);
    }

    /// <summary>One page of a search, also from a rank on (<see cref="RunQuery.Skip"/>), with how many match when <see cref="RunQuery.Total"/> asks for it.</summary>
    public Task<FoundRuns> FindAsync(RunQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return http.ReadAsync<FoundRuns>(new GatewayCall(HttpMethod.Post, $"{Root}/search", Repeat.Always, Search(query)), cancellationToken);
    }

    /// <summary>Which metrics, params and tags the matching runs of an experiment have, with their ranges or commonest values.</summary>
    public Task<RunKeys> GetKeysAsync(RunKeysQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var body = new { query.Filter, query.View, query.Columns, query.Limit };
        var path = $"api/v1/experiments/{GatewayPath.Segment("experimentId", query.ExperimentId)}/keys";
        return http.ReadAsync<RunKeys>(new GatewayCall(HttpMethod.Post, path, Repeat.Always, GatewayHttp.Json(body)), cancellationToken);
    }

    /// <summary>How much of a metric's variance each param explains, over the newest 2,000 runs that match; nothing below 30.</summary>
    public Task<RunShares> ExplainAsync(RunSharesQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var path = $"api/v1/experiments/{GatewayPath.Segment("experimentId", query.ExperimentId)}/shares";
        return http.ReadAsync<RunShares>(new GatewayCall(HttpMethod.Post, path, Repeat.Always, GatewayHttp.Json(new { query.Metric, query.Filter })), cancellationToken);
    }

    /// <summary>
    /// Writes params, metrics and tags together, all or nothing, and returns when they are durable. With a producer position it is retried and applied once;
    /// without one it is sent once. Prefer an <see cref="ActiveRun"/>, which buffers, numbers and sends batches for you.
    /// </summary>
    /// <param name="runId">An active run.</param>
    /// <param name="batch">At most 1,000 points, 100 params and 100 tags; a param keeps its first value and another one is refused; the last tag wins.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task LogBatchAsync(string runId, RunBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var body = new ArrayBufferWriter<byte>();
        BatchJson.Write(body, batch);
        var repeat = batch.Producer is null ? Repeat.Never : Repeat.Always;
        return http.DoAsync(new GatewayCall(HttpMethod.Post, $"{At(runId)}/batches", repeat, GatewayHttp.JsonBytes(body.WrittenMemory)), cancellationToken);
    }

    /// <summary>All points of a metric ordered by timestamp, step and value, read page by page; none for an unknown metric.</summary>
    public IAsyncEnumerable<Metric> GetMetricHistoryAsync(string runId, string key, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var path = $"{At(runId)}/metrics";
        return Pages.All(
            async (token, cancel) =>
            {
                var page = await http.GetAsync<PointPage>(path + GatewayPath.Query(("key", key), ("limit", HistoryPageSize), ("pageToken", token)), cancel);
                return new Page<Metric>([.. page.Points.Select(p => new Metric(key, p.Value, p.Timestamp, p.Step))], page.NextPageToken);
            },
            cancellationToken);
    }

    /// <summary>Several metrics of several runs for charts, as lowest and highest point of each bucket; by run and then by key.</summary>
    public async Task<IReadOnlyList<MetricCurve>> GetCurvesAsync(CurveQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return (await http.ReadAsync<CurveList>(new GatewayCall(HttpMethod.Post, $"{Root}/curves", Repeat.Always, GatewayHttp.Json(query)), cancellationToken)).Curves;
    }

    /// <summary>
    /// Follows a run live: the whole run first, then every change as it is stored. Goes on where it was when the connection breaks. Does not end with the run,
    /// which may be resumed; stop reading when its status says so.
    /// </summary>
    /// <param name="runId">The run.</param>
    /// <param name="after">Go on right after this version; the whole run comes first when <see langword="null"/>, or when the platform remembers too little.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<RunEvent> WatchAsync(string runId, long? after = null, CancellationToken cancellationToken = default) => EventSource.ReadAsync(
        http,
        $"{At(runId)}/events",
        after,
        static (type, id, data) => type switch
        {
            "reset" => new RunEvent { Version = id, Reset = JsonSerializer.Deserialize<Run>(data, GatewayJson.Options) },
            "change" => JsonSerializer.Deserialize<RunEvent>(data, GatewayJson.Options)! with { Version = id },
            _ => null,
        },
        time,
        cancellationToken);

    /// <summary>Stores a file below the run, over whatever was there. A stream that can seek is retried; it is read to its end and left open.</summary>
    /// <param name="runId">An active run.</param>
    /// <param name="path">Relative, segments joined by <c>/</c>, at most 1,024 characters.</param>
    /// <param name="content">The bytes, from the present position.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task UploadArtifactAsync(string runId, string path, Stream content, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var call = new GatewayCall(
            HttpMethod.Put, ArtifactAt(runId, path), content.CanSeek ? Repeat.Always : Repeat.Never, StreamBody.Of(content, "application/octet-stream"), StreamsBody: true);
        return http.DoAsync(call, cancellationToken);
    }

    /// <summary>Opens a file of the run; dispose the stream. Throws <see cref="ErrorKind.NotFound"/>.</summary>
    public Task<Stream> DownloadArtifactAsync(string runId, string path, CancellationToken cancellationToken = default) =>
        http.OpenAsync(ArtifactAt(runId, path), cancellationToken);

    /// <summary>Files and directories directly below <paramref name="path"/> (the run's root when <see langword="null"/>), in ordinal order.</summary>
    public Task<IReadOnlyList<ArtifactEntry>> ListArtifactsAsync(string runId, string? path = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<IReadOnlyList<ArtifactEntry>>($"{At(runId)}/artifact-list{GatewayPath.Query(("path", path))}", cancellationToken);

    internal static string At(string runId) => $"{Root}/{GatewayPath.Segment("runId", runId)}";

    internal static string ArtifactAt(string runId, string path) => $"{At(runId)}/artifacts/{GatewayPath.Artifact("path", path)}";

    /// <summary>A server of an earlier version refuses what it does not know, so what is not asked for is not sent.</summary>
    private static Func<HttpContent> Search(RunQuery query) => query is { Skip: 0, Total: false, Columns: null }
        ? GatewayHttp.Json(new { query.ExperimentIds, query.Filter, query.View, query.OrderBy, query.MaxResults, query.PageToken })
        : GatewayHttp.Json(query);

    private sealed record PointPage(IReadOnlyList<Point> Points, string? NextPageToken);

    private sealed record CurveList(IReadOnlyList<MetricCurve> Curves);

    private sealed record Point(double Value, long Timestamp, long Step);
}
