using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using MlopsGrains.Client.Http;
using MlopsGrains.Identity;
using MlopsGrains.Paging;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Client;

/// <summary>Pipelines and their runs.</summary>
public sealed class PipelinesClient
{
    private const string Root = "api/v1/pipelines";
    private const string RunsRoot = "api/v1/pipeline-runs";
    private const int LogPageSize = 1000;

    private static readonly TimeSpan PollDefault = TimeSpan.FromSeconds(1);

    private readonly GatewayHttp http;
    private readonly IIdSource ids;
    private readonly TimeProvider time;

    internal PipelinesClient(GatewayHttp http, IIdSource ids, TimeProvider time)
    {
        this.http = http;
        this.ids = ids;
        this.time = time;
    }

    /// <summary>Registers a YAML definition; the text of the newest version again gives that version back. Errors name line and column.</summary>
    public Task<PipelineDefinition> RegisterAsync(string yaml, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(yaml);
        Func<HttpContent> body = () => new StringContent(yaml, Encoding.UTF8, "application/yaml");
        return http.CreateAsync<PipelineDefinition>(Root, body, null, cancellationToken);
    }

    /// <summary>Checks a YAML definition as registering does, and registers nothing.</summary>
    /// <returns>Everything that is wrong with it, with line and column.</returns>
    public Task<PipelineCheck> ValidateAsync(string yaml, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        Func<HttpContent> body = () => new StringContent(yaml, Encoding.UTF8, "application/yaml");
        return http.ReadAsync<PipelineCheck>(new GatewayCall(HttpMethod.Post, Root + "/validation", Repeat.Always, body), cancellationToken);
    }

    /// <summary>The kinds of steps that definitions may use, with their inputs and outputs, by name.</summary>
    public Task<IReadOnlyList<StepKind>> ListStepKindsAsync(CancellationToken cancellationToken = default) =>
        http.GetAsync<IReadOnlyList<StepKind>>("api/v1/pipeline-step-kinds", cancellationToken);

    /// <summary>The newest definition of every pipeline in the order of their names, read page by page.</summary>
    public IAsyncEnumerable<PipelineDefinition> ListAsync(CancellationToken cancellationToken = default) => Pages.All<PipelineDefinition>(http, Root, cancellationToken);

    /// <summary>A page of the newest definitions, in the order of their pipelines' names.</summary>
    /// <param name="limit">1–1,000; the server's default when <see langword="null"/>.</param>
    /// <param name="pageToken">Of the page before; the first when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Page<PipelineDefinition>> ListPageAsync(int? limit = null, string? pageToken = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<Page<PipelineDefinition>>(Root + GatewayPath.Query(("limit", limit), ("pageToken", pageToken)), cancellationToken);

    /// <summary>A definition, the newest when <paramref name="version"/> is <see langword="null"/>; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public Task<PipelineDefinition> GetAsync(string pipeline, int? version = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<PipelineDefinition>(At(pipeline) + GatewayPath.Query(("version", version)), cancellationToken);

    /// <summary>Starts a run of the newest definition. Without an idempotency key one is made, so that a retry starts one run.</summary>
    public Task<PipelineRun> StartAsync(string pipeline, StartPipeline? start = null, CancellationToken cancellationToken = default)
    {
        start ??= new StartPipeline();
        var body = GatewayHttp.Json(start with { IdempotencyKey = start.IdempotencyKey ?? ids.NewId() });
        return http.ReadAsync<PipelineRun>(new GatewayCall(HttpMethod.Post, $"{At(pipeline)}/runs", Repeat.Always, body), cancellationToken);
    }

    /// <summary>Runs of a pipeline, newest first.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="limit">1–200; the server's default when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<IReadOnlyList<PipelineRun>> ListRunsAsync(string pipeline, int? limit = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<IReadOnlyList<PipelineRun>>($"{At(pipeline)}/runs{GatewayPath.Query(("limit", limit))}", cancellationToken);

    /// <summary>A page of the versions of a definition, newest first.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="limit">1–1,000; the server's default when <see langword="null"/>.</param>
    /// <param name="pageToken">Of the page before; the first when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Page<PipelineVersion>> ListVersionsPageAsync(string pipeline, int? limit = null, string? pageToken = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<Page<PipelineVersion>>($"{At(pipeline)}/versions{GatewayPath.Query(("limit", limit), ("pageToken", pageToken))}", cancellationToken);

    /// <summary>A page of runs, newest first, of all pipelines or of one, in any status or in one.</summary>
    /// <param name="pipeline">Of this pipeline only.</param>
    /// <param name="status">In this status only; a page may then be shorter than <paramref name="limit"/> and still have a next one.</param>
    /// <param name="limit">1–200; the server's default when <see langword="null"/>.</param>
    /// <param name="pageToken">Of the page before; the first when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Page<PipelineRun>> ListRunsPageAsync(
        string? pipeline = null, PipelineRunStatus? status = null, int? limit = null, string? pageToken = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<Page<PipelineRun>>(
            RunsRoot + GatewayPath.Query(("pipeline", pipeline), ("status", status?.ToString().ToLowerInvariant()), ("limit", limit), ("pageToken", pageToken)), cancellationToken);

    /// <summary>Runs of any pipeline whose ids begin so, newest first; empty when there is none.</summary>
    /// <param name="idPrefix">4–32 lower-case hex digits.</param>
    /// <param name="limit">1–200.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<IReadOnlyList<PipelineRun>> FindRunsAsync(string idPrefix, int limit = 10, CancellationToken cancellationToken = default) =>
        (await http.GetAsync<Page<PipelineRun>>(RunsRoot + GatewayPath.Query(("idPrefix", idPrefix), ("limit", limit)), cancellationToken)).Items;

    /// <summary>A run with its steps; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public Task<PipelineRun> GetRunAsync(string pipelineRunId, CancellationToken cancellationToken = default) => http.GetAsync<PipelineRun>(RunAt(pipelineRunId), cancellationToken);

    /// <summary>Waits until the run has ended, in whatever way; the run goes on when the wait is given up.</summary>
    /// <param name="pipelineRunId">The run.</param>
    /// <param name="timeout">How long to wait; for ever when <see langword="null"/>.</param>
    /// <param name="pollInterval">Time between two looks, more than zero; one second when <see langword="null"/>.</param>
    /// <param name="changed">Called with each looked-at run.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">The run has not ended in time.</exception>
    public async Task<PipelineRun> WaitAsync(
        string pipelineRunId, TimeSpan? timeout = null, TimeSpan? pollInterval = null, Action<PipelineRun>? changed = null, CancellationToken cancellationToken = default)
    {
        var poll = pollInterval ?? PollDefault;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(poll, TimeSpan.Zero, nameof(pollInterval));
        var began = time.GetTimestamp();
        while (true)
        {
            var run = await GetRunAsync(pipelineRunId, cancellationToken);
            changed?.Invoke(run);
            if (run.Status != PipelineRunStatus.Running)
            {
                return run;
            }

            var left = timeout - time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                throw new TimeoutException(FormattableString.Invariant($"pipeline run '{pipelineRunId}' has not ended within {timeout!.Value.TotalSeconds:0.###} s; it goes on."));
            }

            await Task.Delay(left < poll ? left.Value : poll, time, cancellationToken);
        }
    }

    /// <summary>
    /// What happens to a run as it is stored, first the whole run. Does not end by itself; connects again where the connection broke.
    /// </summary>
    /// <param name="pipelineRunId">The run.</param>
    /// <param name="after">The version to go on after; from the present when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<PipelineRunEvent> WatchRunAsync(string pipelineRunId, long? after = null, CancellationToken cancellationToken = default) => EventSource.ReadAsync(
        http,
        $"{RunAt(pipelineRunId)}/events",
        after,
        static (type, id, data) => type switch
        {
            "reset" => new PipelineRunEvent(id, JsonSerializer.Deserialize<PipelineRun>(data, GatewayJson.Options), null),
            "change" => new PipelineRunEvent(id, null, JsonSerializer.Deserialize<PipelineRunChange>(data, GatewayJson.Options)),
            _ => null,
        },
        time,
        cancellationToken);

    /// <summary>The steps' log lines.</summary>
    /// <param name="pipelineRunId">The run.</param>
    /// <param name="follow">Whether to go on with lines as they come, until the run has ended; else the lines so far.</param>
    /// <param name="after">The line number to begin after; 0 for all.</param>
    /// <param name="pollInterval">Time between two looks, more than zero; one second when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public async IAsyncEnumerable<StepLogLine> LogsAsync(
        string pipelineRunId, bool follow = true, long after = 0, TimeSpan? pollInterval = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var poll = pollInterval ?? PollDefault;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(poll, TimeSpan.Zero, nameof(pollInterval));
        var ended = !follow;
        while (true)
        {
            var path = $"{RunAt(pipelineRunId)}/logs{GatewayPath.Query(("after", after), ("limit", LogPageSize))}";
            var lines = await http.GetAsync<IReadOnlyList<StepLogLine>>(path, cancellationToken);
            foreach (var line in lines)
            {
                after = line.Line;
                yield return line;
            }

            if (lines.Count > 0)
            {
                continue;
            }

            if (ended)
            {
                yield break;
            }

            // Lines may have come between the empty page and the run's end, so the last page is read after the end was seen.
            ended = (await GetRunAsync(pipelineRunId, cancellationToken)).Status != PipelineRunStatus.Running;
            if (!ended)
            {
                await Task.Delay(poll, time, cancellationToken);
            }
        }
    }

    /// <summary>Cancels what has not ended; an ended run is left as it is.</summary>
    public Task<PipelineRun> CancelAsync(string pipelineRunId, string reason, CancellationToken cancellationToken = default) =>
        http.ReadAsync<PipelineRun>(new GatewayCall(HttpMethod.Post, $"{RunAt(pipelineRunId)}/cancel", Repeat.Always, GatewayHttp.Json(new Cancellation(reason))), cancellationToken);

    private static string At(string pipeline) => $"{Root}/{GatewayPath.Segment("pipeline", pipeline)}";

    private static string RunAt(string pipelineRunId) => $"{RunsRoot}/{GatewayPath.Segment("pipelineRunId", pipelineRunId)}";

    private sealed record Cancellation(string Reason);
}
