using System.Globalization;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client;

/// <summary>
/// A run in progress. Every call returns when the data are durable. The run is a producer that numbers its batches, so a batch that had to be sent twice is
/// applied once. Safe for many threads; batches go out one after another. Disposing ends the run FINISHED unless it ended before; a program that ends by an
/// exception should call <see cref="FailAsync"/>, or use <see cref="MlopsGrainsClient.TrackAsync"/>, which does.
/// </summary>
public sealed class ActiveRun : IAsyncDisposable
{
    /// <summary>The tag that holds why a run failed.</summary>
    public const string FailureTag = "mlops.failure";

    private const int TagLengthMax = 5000;

    private readonly RunsClient runs;
    private readonly string producerId;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim gate = new(1, 1);
    private long sequence;
    private bool ended;

    internal ActiveRun(RunsClient runs, RunInfo info, string producerId, TimeProvider time)
    {
        this.runs = runs;
        this.producerId = producerId;
        this.time = time;
        Info = info;
    }

    /// <summary>The run's head as last answered.</summary>
    public RunInfo Info { get; private set; }

    /// <summary>The run's id.</summary>
    public string RunId => Info.RunId;

    /// <summary>Writes a param. A param keeps its first value; another one is refused.</summary>
    public Task LogParamAsync(string key, string value, CancellationToken cancellationToken = default) =>
        LogBatchAsync(parameters: [new Tag(key, value)], cancellationToken: cancellationToken);

    /// <summary>Writes a param that is a number, in the invariant culture.</summary>
    public Task LogParamAsync(string key, IFormattable value, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(value);
        return LogParamAsync(key, value.ToString(null, CultureInfo.InvariantCulture), cancellationToken);
    }

    /// <summary>Writes a metric point with the present time.</summary>
    /// <param name="key">At most 250 characters.</param>
    /// <param name="value">Any double.</param>
    /// <param name="step">Any whole number, usually the epoch or batch.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task LogMetricAsync(string key, double value, long step = 0, CancellationToken cancellationToken = default) =>
        LogBatchAsync(metrics: [new Metric(key, value, time.GetUtcNow().ToUnixTimeMilliseconds(), step)], cancellationToken: cancellationToken);

    /// <summary>Writes several metrics of one step together.</summary>
    public Task LogMetricsAsync(IReadOnlyDictionary<string, double> values, long step = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        return LogBatchAsync(metrics: [.. values.Select(v => new Metric(v.Key, v.Value, now, step))], cancellationToken: cancellationToken);
    }

    /// <summary>Sets a tag; the last value wins.</summary>
    public Task SetTagAsync(string key, string value, CancellationToken cancellationToken = default) =>
        LogBatchAsync(tags: [new Tag(key, value)], cancellationToken: cancellationToken);

    /// <summary>Writes params, metrics and tags together, all or nothing: at most 1,000 points, 100 params and 100 tags.</summary>
    public async Task LogBatchAsync(
        IReadOnlyList<Metric>? metrics = null, IReadOnlyList<Tag>? parameters = null, IReadOnlyList<Tag>? tags = null, CancellationToken cancellationToken = default)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            ThrowIfEnded();
            var number = sequence + 1;
            try
            {
                await runs.LogBatchAsync(RunId, metrics, parameters, tags, new ProducerPosition(producerId, number), cancellationToken);
            }
            catch (MlopsException e) when (e.Kind is not ErrorKind.Unavailable)
            {
                throw; // Refused: nothing was stored, so the number is still free.
            }
            catch
            {
                sequence = number; // It may have been stored; another batch under this number would be taken for a repeat.
                throw;
            }

            sequence = number;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Stores a stream as a file of the run.</summary>
    public Task LogArtifactAsync(string path, Stream content, CancellationToken cancellationToken = default) =>
        runs.UploadArtifactAsync(RunId, path, content, cancellationToken);

    /// <summary>Stores a local file in the run, under its own name unless <paramref name="path"/> says another.</summary>
    public async Task LogArtifactAsync(FileInfo file, string? path = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        await using var content = file.OpenRead();
        await runs.UploadArtifactAsync(RunId, path ?? file.Name, content, cancellationToken);
    }

    /// <summary>Ends the run; ending it again changes nothing.</summary>
    public async Task EndAsync(RunStatus status = RunStatus.Finished, CancellationToken cancellationToken = default)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!ended)
            {
                Info = await runs.UpdateAsync(RunId, new RunUpdate(status, time.GetUtcNow().ToUnixTimeMilliseconds()), cancellationToken);
                ended = true;
            }
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Ends the run FAILED and keeps <paramref name="reason"/> in the tag <see cref="FailureTag"/> (at most 5,000 characters are kept).</summary>
    public async Task FailAsync(string? reason = null, CancellationToken cancellationToken = default)
    {
        if (!string.IsNullOrEmpty(reason) && !ended)
        {
            await SetTagAsync(FailureTag, reason.Length <= TagLengthMax ? reason : reason[..TagLengthMax], cancellationToken);
        }

        await EndAsync(RunStatus.Failed, cancellationToken);
    }

    /// <summary>Ends the run FINISHED unless it ended before; throws when the server cannot be told.</summary>
    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        gate.Dispose();
    }

    private void ThrowIfEnded()
    {
        if (ended)
        {
            throw MlopsException.Conflict($"run '{RunId}' has ended ({Info.Status}).");
        }
    }
}
