using MlopsGrains.Client.Http;
using MlopsGrains.Experiments;
using MlopsGrains.Identity;

namespace MlopsGrains.Client;

/// <summary>
/// The platform from a .NET program. Safe for many threads; make one and keep it. Refusals are <see cref="Errors.MlopsException"/> with kind, field and
/// message; so are an unreachable server and a missed deadline (<see cref="Errors.ErrorKind.Unavailable"/>).
/// </summary>
public sealed class MlopsGrainsClient : IDisposable
{
    private readonly GatewayHttp http;
    private readonly UuidSource ids;
    private readonly IDisposable? owned;

    internal MlopsGrainsClient(Func<HttpClient> clients, MlopsGrainsClientOptions options, TimeProvider time, IDisposable? owned, Func<double>? jitter = null)
    {
        http = new GatewayHttp(clients, options, time, jitter);
        ids = new UuidSource(time);
        Time = time;
        this.owned = owned;
        Experiments = new ExperimentsClient(http);
        Runs = new RunsClient(http);
        Datasets = new DatasetsClient(http);
        Blobs = new BlobsClient(http);
        Models = new ModelsClient(http, ids);
        Deployments = new DeploymentsClient(http);
        Inference = new InferenceClient(http);
        Monitors = new MonitorsClient(http);
        Pipelines = new PipelinesClient(http, ids, time);
        Audit = new AuditClient(http);
    }

    /// <summary>Experiments.</summary>
    public ExperimentsClient Experiments { get; }

    /// <summary>Runs with their params, metrics, tags and artifacts.</summary>
    public RunsClient Runs { get; }

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

    /// <summary>Pipelines and their runs.</summary>
    public PipelinesClient Pipelines { get; }

    /// <summary>The audit chain.</summary>
    public AuditClient Audit { get; }

    /// <summary>Where the platform is.</summary>
    public Uri BaseAddress => http.BaseAddress;

    internal TimeProvider Time { get; }

    /// <summary>A client for programs without dependency injection.</summary>
    /// <param name="options">Checked here; defaults when <see langword="null"/>.</param>
    /// <param name="handler">Sends the requests and is disposed with the client; a pooled socket handler when <see langword="null"/>.</param>
    /// <param name="time">The clock for timeouts, waits and run times; the system's when <see langword="null"/>.</param>
    /// <exception cref="ArgumentException">The options have faults; the message names each setting.</exception>
    public static MlopsGrainsClient Create(MlopsGrainsClientOptions? options = null, HttpMessageHandler? handler = null, TimeProvider? time = null) =>
        Create(options, handler, time, jitter: null);

    internal static MlopsGrainsClient Create(MlopsGrainsClientOptions? options, HttpMessageHandler? handler, TimeProvider? time, Func<double>? jitter)
    {
        options ??= new MlopsGrainsClientOptions();
        var faults = options.Faults().ToList();
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', faults), nameof(options));
        }

        var client = new HttpClient(handler ?? new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        return new MlopsGrainsClient(() => client, options, time ?? TimeProvider.System, client, jitter);
    }

    /// <summary>Which version runs there, in which role, over which storage.</summary>
    public Task<ServerInfo> GetInfoAsync(CancellationToken cancellationToken = default) => http.GetAsync<ServerInfo>("api/v1/info", cancellationToken);

    /// <summary>
    /// Starts a run that ends when it is disposed. Creates the experiment when it is new.
    /// </summary>
    /// <param name="experiment">The experiment's name.</param>
    /// <param name="runName">At most 250 characters; a random readable one when <see langword="null"/>.</param>
    /// <param name="tags">Initial tags, at most 100.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<ActiveRun> StartRunAsync(string experiment, string? runName = null, IReadOnlyList<Tag>? tags = null, CancellationToken cancellationToken = default)
    {
        var home = await Experiments.GetOrCreateAsync(experiment, cancellationToken);
        var start = Time.GetUtcNow().ToUnixTimeMilliseconds();
        var run = await Runs.CreateAsync(new NewRun(home.ExperimentId, runName, Environment.UserName, start, tags), cancellationToken);
        return new ActiveRun(Runs, run.Info, ids.NewId(), Time);
    }

    /// <summary>Runs <paramref name="body"/> inside a run: it ends FINISHED, or FAILED when <paramref name="body"/> throws (KILLED when it was cancelled).</summary>
    public async Task TrackAsync(string experiment, Func<ActiveRun, CancellationToken, Task> body, string? runName = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        await using var run = await StartRunAsync(experiment, runName, tags: null, cancellationToken);
        try
        {
            await body(run, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await run.EndAsync(RunStatus.Killed, CancellationToken.None);
            throw;
        }
        catch (Exception e)
        {
            await run.FailAsync(e.Message, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Closes the connections of a client made by <see cref="Create(MlopsGrainsClientOptions?, HttpMessageHandler?, TimeProvider?)"/>.</summary>
    public void Dispose() => owned?.Dispose();
}

/// <summary>What a server says about itself.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Role"><c>all</c>, <c>silo</c> or <c>gateway</c>.</param>
/// <param name="Storage">Its storage engine.</param>
public sealed record ServerInfo(string Version, string Role, string Storage);
