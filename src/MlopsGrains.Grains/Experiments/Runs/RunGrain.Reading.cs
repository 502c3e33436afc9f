using System.Globalization;
using Microsoft.Extensions.Logging;
using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Limits;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>What is read of a run.</summary>
internal sealed partial class RunGrain
{
    public Task<Run?> Get(CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        return Task.FromResult(State.Exists ? View() : null);
    }

    public Task<MetricHistory> GetMetricHistory(string key, string? pageToken, int maxResults, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        Limit.Page("maxResults", maxResults, TrackingLimits.HistoryPageMax);
        return Reader(key) is { } reader ? reader.Page(key, pageToken, maxResults) : Task.FromResult(NoHistory);
    }

    public Task<MetricBuckets> GetMetricBuckets(string key, int buckets, long startStep, long endStep, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        if (buckets is < 2 or > TrackingLimits.HistoryBucketsMax)
        {
            throw MlopsException.Invalid("points", $"points is {buckets}; expected 2–{TrackingLimits.HistoryBucketsMax}.");
        }

        if (startStep > endStep)
        {
            throw MlopsException.Invalid("startStep", $"startStep is {startStep} and endStep {endStep}; the start comes first.");
        }

        return Reader(key) is { } reader ? reader.Buckets(buckets, startStep, endStep) : Task.FromResult(new MetricBuckets(1, []));
    }

    public Task<CollectedRun?> Collect(CancellationToken cancellationToken = default)
    {
        dirty = false;
        if (onlyCollected)
        {
            // A run that woke up only for the index makes room for the next one.
            DeactivateOnIdle();
        }

        return Task.FromResult(State.Exists ? new CollectedRun(View(), [.. View().Metrics.Select(m => State.Metrics[m.Key].Head.Numbers)]) : null);
    }

    public Task<Run?> Read(CancellationToken cancellationToken = default)
    {
        if (onlyCollected)
        {
            DeactivateOnIdle();
        }

        return Task.FromResult(State.Exists ? View() : null);
    }

    public Task<double?> ValueAt(string key, long step, CancellationToken cancellationToken = default)
    {
        if (onlyCollected)
        {
            DeactivateOnIdle();
        }

        return Reader(key) is { } reader ? reader.ValueAt(step) : Task.FromResult<double?>(null);
    }

    public async Task<MetricSteps> GetSteps(string key, long startStep, long endStep, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        var steps = Reader(key) is { } reader ? await reader.Steps(startStep, endStep) : [];
        return new MetricSteps([.. steps.Select(s => s.First)], [.. steps.Select(s => s.Stride)], [.. steps.Select(s => s.Count)]);
    }

    public Task<MetricColumns> GetPointsAt(string key, long[] steps, int maxResults, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        return Reader(key) is { } reader ? reader.PointsAt(key, steps, maxResults) : Task.FromResult(MetricColumns.Empty);
    }

    public async Task<IReadOnlyList<MetricCurve>?> GetCurves(CurveQuery query, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        if (!State.Exists)
        {
            return null;
        }

        var (axis, curves) = (SeriesAxis.Of(query.By, State.StartTime), new List<MetricCurve>(query.Keys.Count));
        foreach (var key in query.Keys)
        {
            cancellationToken.ThrowIfCancellationRequested();
            curves.Add(Reader(key) is { } reader
                ? await reader.Curve(Id, key, axis, query.Buckets, query.Start ?? long.MinValue, query.End ?? long.MaxValue)
                : new MetricCurve(Id, key, 1, 0, [], [], []));
        }

        return curves;
    }

    private SeriesReader? Reader(string key) =>
        State.Metrics.TryGetValue(key, out var series) ? new SeriesReader(series, chunk => Open(key, chunk), $"points of {Id} {key}") : null;

    /// <summary>A chunk that is damaged or missing takes nothing with it but the answers that need its points.</summary>
    private async Task<SeriesPoints> Open(string key, SealedChunk chunk)
    {
        try
        {
            return chunk.Open((await ReadChunk(key, chunk.Number)).Span);
        }
        catch (InvalidDataException e)
        {
            LogDamaged(Stream, key, chunk.Number, e);
            throw new MlopsException(
                ErrorKind.DataLoss,
                string.Create(CultureInfo.InvariantCulture, $"{chunk.Count} points of metric '{key}', steps {chunk.StepMin}–{chunk.StepMax}, cannot be read: chunk {chunk.Number} of stream '{Stream}' is damaged. {e.Message}"));
        }
    }

    private Run View() => view ??= State.View(Id);

    [LoggerMessage(Level = LogLevel.Error, Message = "Chunk {Number} of metric {Key} of stream {Stream} is damaged or missing")]
    private partial void LogDamaged(string stream, string key, long number, Exception exception);
}
