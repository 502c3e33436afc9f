using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MlopsGrains.Client.Experiments.Context;
using MlopsGrains.Client.Experiments.Sending;
using MlopsGrains.Client.Http;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Identity;
using MlopsGrains.Texts;

namespace MlopsGrains.Client;

/// <summary>
/// The platform from a .NET program. Safe for many threads; make one and keep it. Refusals are <see cref="Errors.MlopsException"/> with kind, field and
/// message; so are an unreachable server and a missed deadline (<see cref="Errors.ErrorKind.Unavailable"/>).
/// </summary>
public sealed partial class MlopsGrainsClient : IDisposable
{
    private readonly GatewayHttp http;
    private readonly UuidSource ids;
    private readonly IDisposable? owned;
    private readonly MlopsGrainsClientOptions options;
    private readonly ILogger logger;
    private readonly ProgramContext context = new();
    private readonly Spools? spools;
    private readonly CancellationTokenSource stop = new();

    internal MlopsGrainsClient(
        Func<HttpClient> clients, MlopsGrainsClientOptions options, TimeProvider time, IDisposable? owned, ILoggerFactory? loggers = null, Func<double>? jitter = null,
        Func<Uri, string?>? proxyOf = null)
    {
        this.options = options;
        logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger<MlopsGrainsClient>();
        ids = new UuidSource(time);
        http = new GatewayHttp(clients, options, ids, time, jitter, proxyOf);
        Time = time;
        this.owned = owned;
        Experiments = new ExperimentsClient(http, time);
        RunGroups = new RunGroupsClient(http);
        Runs = new RunsClient(http, time);
        Retention = new RetentionClient(http);
        Datasets = new DatasetsClient(http);
        Blobs = new BlobsClient(http);
        Models = new ModelsClient(http, ids);
        Deployments = new DeploymentsClient(http);
        Inference = new InferenceClient(http);
        Monitors = new MonitorsClient(http);
        Alerts = new AlertsClient(http);
        Pipelines = new PipelinesClient(http, ids, time);
        Audit = new AuditClient(http);
        Lineage = new LineageClient(http);
        Users = new UsersClient(http);
        Webhooks = new WebhooksClient(http);
        Prompts = new PromptsClient(http, Models);
        LoggedModels = new LoggedModelsClient(http);
        if (options.Tracking.SpoolDirectory is { } directory)
        {
            spools = new Spools(directory, options.Tracking.SpoolBytesMax, http, time, logger);
            Replaying = Task.Run(ReplayUntilEmptyAsync);
        }
    }

    /// <summary>Experiments.</summary>
    public ExperimentsClient Experiments { get; }

    /// <summary>Runs with their params, metrics, tags and artifacts.</summary>
    public RunsClient Runs { get; }

    /// <summary>How much repeated runs vary, and whether two configurations differ.</summary>
    public RunGroupsClient RunGroups { get; }

    /// <summary>The end of what was deleted.</summary>
    public RetentionClient Retention { get; }

    /// <summary>Datasets and their versions.</summary>
    public DatasetsClient Datasets { get; }

    /// <summary>The content-addressed store.</summary>
    public BlobsClient Blobs { get; }

    /// <summary>Registered models, versions and aliases.</summary>
    public ModelsClient Models { get; }

    /// <summary>Deployments: revisions and traffic.</summary>
    public DeploymentsClient Deployments { get; }

    /// <summary>Scores rows over the Open Inference Protocol.</summary>
    public InferenceClient Inference { get; }

    /// <summary>Drift monitors.</summary>
    public MonitorsClient Monitors { get; }

    /// <summary>Alerts of all monitors.</summary>
    public AlertsClient Alerts { get; }

    /// <summary>Pipelines and their runs.</summary>
    public PipelinesClient Pipelines { get; }

    /// <summary>The audit chain.</summary>
    public AuditClient Audit { get; }

    /// <summary>What things were made from, and what was made from them.</summary>
    public LineageClient Lineage { get; }

    /// <summary>Users and their permissions.</summary>
    public UsersClient Users { get; }

    /// <summary>Webhooks and what waits for them.</summary>
    public WebhooksClient Webhooks { get; }

    /// <summary>Prompts and their versions.</summary>
    public PromptsClient Prompts { get; }

    /// <summary>Logged models: what runs made, registered or not.</summary>
    public LoggedModelsClient LoggedModels { get; }

    /// <summary>Where the platform is.</summary>
    public Uri BaseAddress => http.BaseAddress;

    internal TimeProvider Time { get; }

    /// <summary>The delivery of what ended processes left in the spool; ends with the client.</summary>
    internal Task Replaying { get; } = Task.CompletedTask;

    /// <summary>A client for programs without dependency injection.</summary>
    /// <param name="options">Checked here; defaults when <see langword="null"/>.</param>
    /// <param name="handler">Sends the requests and is disposed with the client; a pooled socket handler when <see langword="null"/>.</param>
    /// <param name="time">The clock for timeouts, waits and run times; the system's when <see langword="null"/>.</param>
    /// <param name="loggers">Where the client tells what was refused, dropped or spooled; nowhere when <see langword="null"/>.</param>
    /// <exception cref="ArgumentException">The options have faults; the message names each setting.</exception>
    public static MlopsGrainsClient Create(MlopsGrainsClientOptions? options = null, HttpMessageHandler? handler = null, TimeProvider? time = null, ILoggerFactory? loggers = null) =>
        Create(options, handler, time, loggers, jitter: null);

    internal static MlopsGrainsClient Create(MlopsGrainsClientOptions? options, HttpMessageHandler? handler, TimeProvider? time, ILoggerFactory? loggers, Func<double>? jitter)
    {
        options ??= new MlopsGrainsClientOptions();
        var faults = options.Faults().ToList();
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', faults), nameof(options));
        }

        var client = new HttpClient(handler ?? EnvironmentProxy.CreateHandler())
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        return new MlopsGrainsClient(() => client, options, time ?? TimeProvider.System, client, loggers, jitter, handler is null ? EnvironmentProxy.Instance.Describe : null);
    }

    /// <summary>Which version runs there, in which role, over which storage.</summary>
    public Task<ServerInfo> GetInfoAsync(CancellationToken cancellationToken = default) => http.GetAsync<ServerInfo>("api/v1/info", cancellationToken);

    /// <summary>Stored things that the running silos have found damaged since they started; for administrators and keys.</summary>
    public Task<IReadOnlyList<StoredDamage>> GetDamageAsync(CancellationToken cancellationToken = default) =>
        http.GetAsync<IReadOnlyList<StoredDamage>>("api/v1/storage/damage", cancellationToken);

    /// <summary>Whom the server takes this client for.</summary>
    public Task<CallerInfo> WhoAmIAsync(CancellationToken cancellationToken = default) => http.GetAsync<CallerInfo>("api/v1/whoami", cancellationToken);

    /// <summary>
    /// Starts a run that ends when it is disposed. Creates the experiment when it is new. The platform may go away while the run logs; it must be there at the start
    /// unless <see cref="TrackingOptions.Offline"/> says otherwise.
    /// </summary>
    /// <param name="experiment">The experiment's name, 1–500 characters.</param>
    /// <param name="run">Name, tags, parent and what is recorded about the program.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<ActiveRun> StartRunAsync(string experiment, RunOptions? run = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(experiment);
        if (experiment.IsLongerThan(TrackingLimits.ExperimentNameLengthMax))
        {
            throw new ArgumentException($"The experiment's name has {experiment.CharacterCount()} characters; at most {TrackingLimits.ExperimentNameLengthMax}.", nameof(experiment));
        }

        return StartRunInAsync(experiment, "", run ?? new RunOptions(), cancellationToken);
    }

    /// <summary>
    /// Goes on with a run, which is RUNNING again. What an ended process left of it in the spool is delivered first.
    /// </summary>
    /// <param name="runId">An active run.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<ActiveRun> ResumeRunAsync(string runId, CancellationToken cancellationToken = default)
    {
        if (spools is not null)
        {
            await spools.ReplayAsync(runId, cancellationToken);
        }

        var info = await Runs.UpdateAsync(runId, new RunUpdate(RunStatus.Running), cancellationToken);
        var producerId = ids.NewId();
        return Activate(info, experiment: null, NewDoor(runId), spools?.Create(runId, producerId), producerId);
    }

    /// <summary>Runs <paramref name="body"/> inside a run: it ends FINISHED, or FAILED when <paramref name="body"/> throws (KILLED when it was cancelled).</summary>
    public async Task TrackAsync(string experiment, Func<ActiveRun, CancellationToken, Task> body, RunOptions? run = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        await using var active = await StartRunAsync(experiment, run, cancellationToken);
        try
        {
            await body(active, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await EndQuietlyAsync(active.EndAsync(RunStatus.Killed, CancellationToken.None));
            throw;
        }
        catch (Exception e)
        {
            await EndQuietlyAsync(active.FailAsync(e.Message, CancellationToken.None));
            throw;
        }
    }

    /// <summary>
    /// Delivers now what ended processes left in the spool. A client with a spool also does so by itself, from its start until nothing is left.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no <see cref="TrackingOptions.SpoolDirectory"/>.</exception>
    public Task<SpoolReplay> ReplaySpoolAsync(CancellationToken cancellationToken = default) => spools is not null
        ? spools.ReplayAsync(runId: null, cancellationToken)
        : throw new InvalidOperationException($"{MlopsGrainsClientOptions.SectionName}:{nameof(MlopsGrainsClientOptions.Tracking)}:{nameof(TrackingOptions.SpoolDirectory)} is not set.");

    /// <summary>
    /// Delivers now what ended processes left for this platform in another directory than this client's own, such as a trainer's that will not run again.
    /// </summary>
    /// <param name="directory">The trainer's <see cref="TrackingOptions.SpoolDirectory"/>; what other platforms are to get stays there.</param>
    /// <param name="cancellationToken">Ends the delivery; what is delivered stays delivered.</param>
    public Task<SpoolReplay> ReplaySpoolAsync(string directory, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return Directory.Exists(directory)
            ? new Spools(directory, options.Tracking.SpoolBytesMax, http, Time, logger).ReplayAsync(runId: null, cancellationToken)
            : throw MlopsException.Invalid(nameof(directory), $"There is no directory '{directory}'.");
    }

    /// <param name="experiment">The experiment's name; its id counts when <see langword="null"/>.</param>
    /// <param name="experimentId">Empty with a name.</param>
    /// <param name="run">How it starts.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    internal async Task<ActiveRun> StartRunInAsync(string? experiment, string experimentId, RunOptions run, CancellationToken cancellationToken)
    {
        Check(run);
        var wanted = run.Context ?? options.Tracking.Context;
        List<Tag> tags = [.. run.Tags, .. await context.TagsAsync(wanted, cancellationToken)];
        if (run.ParentRunId is { } parent)
        {
            tags.Add(new Tag(ActiveRun.ParentTag, parent));
        }

        if (Activity.Current is { } activity)
        {
            tags.Add(new Tag("mlops.traceId", activity.TraceId.ToHexString()));
        }

        var now = Time.GetUtcNow().ToUnixTimeMilliseconds();
        var start = new RunStart(experiment, new NewRun(experimentId, run.Name, Environment.UserName, now, tags));
        var (runId, producerId) = (ids.NewId(), ids.NewId());
        var door = NewDoor(runId);
        var isHere = await TryStartAsync(door, start, cancellationToken);
        var spool = spools?.Create(runId, producerId);
        if (!isHere && !spool!.TryAppend(SpoolKind.Start, start.ToRecord().Payload))
        {
            spool.Dispose();
            throw MlopsException.Unavailable($"{BaseAddress} is away, and the spool takes no more ({nameof(TrackingOptions.SpoolBytesMax)} {options.Tracking.SpoolBytesMax}).");
        }

        var active = Activate(door.Info ?? start.Head(runId), experiment, door, spool, producerId);
        await foreach (var (path, content) in context.FilesAsync(wanted, cancellationToken))
        {
            using var stream = new MemoryStream(content, writable: false);
            await active.LogArtifactAsync(path, stream, cancellationToken);
        }

        return active;
    }

    /// <summary>Stops the delivery of the spool, and closes the connections of a client made by <see cref="Create(MlopsGrainsClientOptions?, HttpMessageHandler?, TimeProvider?, ILoggerFactory?)"/>.</summary>
    public void Dispose()
    {
        stop.Cancel();
        owned?.Dispose();
    }

    /// <summary>What the platform would refuse is refused here, also while it is away.</summary>
    private static void Check(RunOptions run)
    {
        if (run.Name?.IsLongerThan(TrackingLimits.RunNameLengthMax) == true)
        {
            throw new ArgumentException($"The run's name has {run.Name.CharacterCount()} characters; at most {TrackingLimits.RunNameLengthMax}.", nameof(run));
        }

        if (run.Tags.Count > RunOptions.TagsMax)
        {
            throw new ArgumentException($"The run has {run.Tags.Count} tags; at most {RunOptions.TagsMax}.", nameof(run));
        }

        foreach (var tag in run.Tags)
        {
            ActiveRun.CheckKey(tag.Key);
        }
    }

    /// <summary>
    /// <see langword="false"/> when the platform is away and the run may start without it. An attempt whose answer was lost does no harm: the run has its id already.
    /// </summary>
    private async Task<bool> TryStartAsync(RunDoor door, RunStart start, CancellationToken cancellationToken)
    {
        if (options.Tracking.Offline == OfflineStart.Never)
        {
            await door.StartAsync(start, cancellationToken);
            return true;
        }

        using var patience = new CancellationTokenSource(RunSender.PatienceMax, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await door.StartAsync(start, either.Token);
            return true;
        }
        catch (MlopsException e) when (e.Kind is ErrorKind.Unavailable or ErrorKind.Overloaded)
        {
            StartsOffline(logger, door.RunId, e.Message);
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            StartsOffline(logger, door.RunId, $"no answer from {BaseAddress} within {RunSender.PatienceMax.TotalSeconds:0} s");
            return false;
        }
    }

    private RunDoor NewDoor(string runId) => new(http, runId, Time, logger);

    private ActiveRun Activate(RunInfo head, string? experiment, RunDoor door, RunSpool? spool, string producerId) =>
        new(this, options.Tracking, head, experiment, spool, producerId, door, options.RetryDelayMax, logger);

    /// <summary>The exception that ended the body is worth more than what could not be delivered after it.</summary>
    private async Task EndQuietlyAsync(Task end)
    {
        try
        {
            await end;
        }
        catch (MlopsException e)
        {
            NotEnded(logger, e.Message);
        }
    }

    private async Task ReplayUntilEmptyAsync()
    {
        try
        {
            while ((await spools!.ReplayAsync(runId: null, stop.Token)).Remaining > 0)
            {
                await Task.Delay(options.RetryDelayMax, Time, stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            SpoolNotRead(logger, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A failed run was not delivered whole: {Reason}")]
    private static partial void NotEnded(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {RunId} starts in the spool: {Reason}")]
    private static partial void StartsOffline(ILogger logger, string runId, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The spool cannot be read: {Reason}")]
    private static partial void SpoolNotRead(ILogger logger, string reason);
}

/// <summary>What a server says about itself.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Role"><c>all</c>, <c>silo</c> or <c>gateway</c>.</param>
/// <param name="Storage">Its storage engine.</param>
public sealed record ServerInfo(string Version, string Role, string Storage);

/// <summary>Something stored that is not what was written.</summary>
/// <param name="Place">Where: a stream, a document, a blob, a mark.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Entry">Which part of it; empty when all of it.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record StoredDamage(string Place, string Name, string Entry, string Reason);

/// <summary>Whom a server takes a caller for.</summary>
/// <param name="Name">The actor of its changes.</param>
/// <param name="Kind"><c>user</c>, <c>apiKey</c>, or <c>anybody</c> where no sign-in is asked for.</param>
/// <param name="IsAdministrator">Whether it may do everything.</param>
public sealed record CallerInfo(string Name, string Kind, bool IsAdministrator);
