using System.Globalization;
using Microsoft.Extensions.Logging;
using MlopsGrains.Client.Experiments.Context;
using MlopsGrains.Client.Experiments.Sending;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Texts;

namespace MlopsGrains.Client;

/// <summary>
/// A run in progress. <c>Log…</c> and <see cref="SetTag"/> put their entries into a bounded buffer and return at once; one sender delivers them in batches, in
/// order, each counted once however often the network makes it travel. <see cref="FlushAsync"/> waits until all is stored. Disposing delivers the rest and ends
/// the run FINISHED unless it ended before; a program that ends by an exception should call <see cref="FailAsync"/>, or use
/// <see cref="MlopsGrainsClient.TrackAsync"/>, which does. Safe for many threads.
/// </summary>
public sealed class ActiveRun : IAsyncDisposable
{
    /// <summary>The tag that holds why a run failed.</summary>
    public const string FailureTag = "mlops.failure";

    /// <summary>The tag that names the run that this one is part of.</summary>
    public const string ParentTag = "mlflow.parentRunId";

    private readonly TrackingOptions options;
    private readonly BatchBuffer buffer;
    private readonly RunDoor door;
    private readonly RunSender sender;
    private readonly RunInfo head;
    private readonly string? experiment;
    private readonly SystemMetrics? machine;
    private readonly SemaphoreSlim ending = new(1, 1);
    private RunStatus? ended;

    /// <param name="client">Whose run it is.</param>
    /// <param name="options">How it sends.</param>
    /// <param name="head">The run as it is known now.</param>
    /// <param name="experiment">The experiment's name, when its id may not be known yet.</param>
    /// <param name="spool">Where records wait.</param>
    /// <param name="producerId">Numbers the batches.</param>
    /// <param name="door">Brings them to the platform.</param>
    /// <param name="pauseMax">Longest time between two tries.</param>
    /// <param name="logger">Hears of refusals.</param>
    internal ActiveRun(
        MlopsGrainsClient client, TrackingOptions options, RunInfo head, string? experiment, RunSpool? spool, string producerId, RunDoor door, TimeSpan pauseMax, ILogger logger)
    {
        Client = client;
        this.options = options;
        this.door = door;
        this.head = head;
        this.experiment = experiment;
        buffer = new BatchBuffer(options, client.Time) { OnDropped = count => ClientTelemetry.Dropped.Add(count) };
        sender = new RunSender(buffer, door, producerId, spool, pauseMax, client.Time, logger);
        machine = options.SystemMetricsInterval is { } interval ? new SystemMetrics(this, interval, client.Time, logger) : null;
    }

    /// <summary>The run's head as last answered. Of a run that started while the platform was away, experiment id and artifact location are empty until it is there.</summary>
    public RunInfo Info => door.Info ?? head;

    /// <summary>The run's id.</summary>
    public string RunId => head.RunId;

    /// <summary>Entries that made room because the buffer was full (<see cref="BufferFull.DropOldest"/>).</summary>
    public long Dropped => buffer.Dropped;

    /// <summary>Entries that the platform refused, such as another value of a param. The first refusal is thrown by the next flush, or by the end.</summary>
    public long Refused => door.Refused;

    /// <summary>Batches and files that wait on disk because the platform is away.</summary>
    public long Spooled => sender.Spooled;

    internal MlopsGrainsClient Client { get; }

    /// <summary>Logs a metric point with the present time.</summary>
    /// <param name="key">1–250 characters.</param>
    /// <param name="value">Any double.</param>
    /// <param name="step">Any whole number, usually the epoch or batch.</param>
    public void LogMetric(string key, double value, long step = 0) => LogMetric(key, value, step, Client.Time.GetUtcNow());

    /// <summary>Logs a metric point that was measured at <paramref name="time"/>, not before 1970.</summary>
    public void LogMetric(string key, double value, long step, DateTimeOffset time)
    {
        CheckKey(key);
        var timestamp = time.ToUnixTimeMilliseconds();
        ArgumentOutOfRangeException.ThrowIfNegative(timestamp, nameof(time));
        buffer.AddPoint(key, value, timestamp, step);
    }

    /// <summary>Logs several metrics of one step.</summary>
    public void LogMetrics(IEnumerable<KeyValuePair<string, double>> values, long step = 0)
    {
        ArgumentNullException.ThrowIfNull(values);
        var now = Client.Time.GetUtcNow();
        foreach (var (key, value) in values)
        {
            LogMetric(key, value, step, now);
        }
    }

    /// <summary>Logs a param. A param keeps its first value; another one is refused.</summary>
    /// <param name="key">1–250 characters.</param>
    /// <param name="value">At most 6,000 characters are kept.</param>
    public void LogParam(string key, string value)
    {
        CheckKey(key);
        ArgumentNullException.ThrowIfNull(value);
        buffer.AddParam(new Tag(key, value.CutTo(TrackingLimits.ParamValueLengthMax)));
    }

    /// <summary>Logs a param that is a number, a time or the like, in the invariant culture.</summary>
    public void LogParam(string key, IFormattable value)
    {
        ArgumentNullException.ThrowIfNull(value);
        LogParam(key, value.ToString(null, CultureInfo.InvariantCulture));
    }

    /// <summary>Sets a tag; the last value wins.</summary>
    /// <param name="key">1–250 characters.</param>
    /// <param name="value">At most 8,000 characters are kept.</param>
    public void SetTag(string key, string value)
    {
        CheckKey(key);
        ArgumentNullException.ThrowIfNull(value);
        buffer.AddTag(new Tag(key, value.CutTo(TrackingLimits.RunTagValueLengthMax)));
    }

    /// <summary>
    /// Waits until everything that was logged before is stored by the platform, or in the spool while it is away. Throws the first refusal since the last flush;
    /// what was not refused is stored nevertheless.
    /// </summary>
    public Task FlushAsync(CancellationToken cancellationToken = default) => sender.FlushAsync(cancellationToken);

    /// <summary>Stores a stream as a file of the run, at once; with <see cref="OfflineStart.Auto"/> in the spool while the platform is away.</summary>
    public Task LogArtifactAsync(string path, Stream content, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        _ = RunsClient.ArtifactAt(RunId, path); // A path that is refused is told now, not when the spool is delivered.
        return options.Offline == OfflineStart.Never || ended is not null
            ? Client.Runs.UploadArtifactAsync(RunId, path, content, cancellationToken)
            : sender.StoreArtifactAsync(path, content, cancellationToken);
    }

    /// <summary>Stores a local file in the run, at once, under its own name unless <paramref name="path"/> says another.</summary>
    public async Task LogArtifactAsync(FileInfo file, string? path = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        await using var content = file.OpenRead();
        await LogArtifactAsync(path ?? file.Name, content, cancellationToken);
    }

    /// <summary>Starts a run in the same experiment that is part of this one.</summary>
    public Task<ActiveRun> StartChildAsync(RunOptions? options = null, CancellationToken cancellationToken = default) =>
        Client.StartRunInAsync(Info.ExperimentId.Length > 0 ? null : experiment, Info.ExperimentId, (options ?? new RunOptions()) with { ParentRunId = RunId }, cancellationToken);

    /// <summary>Puts the run's id and name into the scope of log messages, until the answer is disposed.</summary>
    public IDisposable? BeginScope(ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(logger);
        return logger.BeginScope(new Dictionary<string, object> { ["RunId"] = RunId, ["RunName"] = Info.RunName });
    }

    /// <summary>
    /// Delivers what is buffered and ends the run; ending it again changes nothing. What the platform does not take stays in the spool, and the run's end with
    /// it. Without a spool it is tried for <see cref="TrackingOptions.FlushTimeout"/>; then what is lost is thrown (<see cref="ErrorKind.Unavailable"/>).
    /// </summary>
    public async Task EndAsync(RunStatus status = RunStatus.Finished, CancellationToken cancellationToken = default)
    {
        await ending.WaitAsync(cancellationToken);
        try
        {
            if (ended is not null)
            {
                return;
            }

            ended = status;
            using var timeout = new CancellationTokenSource(options.FlushTimeout, Client.Time);
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            try
            {
                await sender.EndAsync(new RunUpdate(status, Client.Time.GetUtcNow().ToUnixTimeMilliseconds()), deadline.Token);
            }
            finally
            {
                await sender.DisposeAsync();
                if (machine is not null)
                {
                    await machine.DisposeAsync(); // After the buffer was closed: a sample may be waiting for room in it.
                }
            }
        }
        finally
        {
            ending.Release();
        }
    }

    /// <summary>Ends the run FAILED and keeps <paramref name="reason"/> in the tag <see cref="FailureTag"/>.</summary>
    public Task FailAsync(string? reason = null, CancellationToken cancellationToken = default)
    {
        if (!string.IsNullOrEmpty(reason) && ended is null)
        {
            buffer.AddTag(new Tag(FailureTag, reason.CutTo(TrackingLimits.RunTagValueLengthMax)), always: true);
        }

        return EndAsync(RunStatus.Failed, cancellationToken);
    }

    /// <summary>Ends the run FINISHED unless it ended before; throws when something is lost or was refused.</summary>
    public async ValueTask DisposeAsync() => await EndAsync();

    internal static void CheckKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (key.IsLongerThan(TrackingLimits.KeyLengthMax))
        {
            throw new ArgumentException($"The key has {key.CharacterCount()} characters; at most {TrackingLimits.KeyLengthMax}.", nameof(key));
        }
    }
}
