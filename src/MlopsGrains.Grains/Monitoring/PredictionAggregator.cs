using System.Collections.Concurrent;
using System.Threading.Channels;
using MlopsGrains.Deployments;
using MlopsGrains.Grains.Deployments;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;
using Microsoft.Extensions.Logging;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>
/// Counts this silo's predictions into integer histograms and sends them to the monitors as numbered deltas. The scoring path only writes to a queue that is
/// bounded in rows; one loop counts. Without <see cref="PredictionFlushService"/> running it does nothing.
/// </summary>
internal sealed partial class PredictionAggregator(
    Func<string, IMonitorGrain> monitors,
    IIdSource ids,
    TimeProvider time,
    MonitoringMetrics metrics,
    ILogger<PredictionAggregator> logger) : IPredictionObserver
{
    public const long QueuedRowsMax = 200_000;
    public const int DeploymentsMax = 1000;

    private readonly Channel<(string Deployment, Observation Seen)> queue =
        Channel.CreateUnbounded<(string, Observation)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly ConcurrentDictionary<string, DeploymentCounter> counters = new(StringComparer.Ordinal);
    private long queuedRows;

    public void Observe(string deployment, int modelVersion, InferenceRequest request, InferenceResponse response)
    {
        var rows = request.Inputs is [{ Shape: [var first, ..] }, ..] ? (int)Math.Min(first, int.MaxValue) : 0;
        if (rows <= 0)
        {
            return;
        }

        metrics.Observed(rows);
        if (Volatile.Read(ref queuedRows) >= QueuedRowsMax)
        {
            metrics.Lost(rows, LossReason.QueueFull);
            return;
        }

        Interlocked.Add(ref queuedRows, rows);
        if (!queue.Writer.TryWrite((deployment, new Observation(request, response, rows, time.GetUtcNow()))))
        {
            Interlocked.Add(ref queuedRows, -rows);
            metrics.Lost(rows, LossReason.Stopped);
        }
    }

    /// <summary>Counts until <see cref="Complete"/> is called and the queue is empty.</summary>
    public async Task CountUntilComplete()
    {
        while (await queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            CountQueued();
        }
    }

    /// <summary>Counts what is in the queue now. One caller at a time.</summary>
    public void CountQueued()
    {
        while (queue.Reader.TryRead(out var next))
        {
            Interlocked.Add(ref queuedRows, -next.Seen.Rows);
            if (CounterOf(next.Deployment) is not { } counter)
            {
                metrics.Lost(next.Seen.Rows, LossReason.TooManyDeployments);
                continue;
            }

            if (counter.Add(next.Seen))
            {
                counter.StartFlush(all: false, CancellationToken.None);
            }
        }
    }

    /// <summary>Starts a flush of every deployment that has none under way.</summary>
    public void StartFlush(CancellationToken cancellationToken)
    {
        foreach (var counter in counters.Values)
        {
            counter.StartFlush(all: true, cancellationToken);
        }
    }

    /// <summary>Flushes everything counted so far; what fails stays for the next time.</summary>
    public async Task Flush(CancellationToken cancellationToken)
    {
        await Task.WhenAll(counters.Values.Select(c => c.Flushing)).WaitAsync(cancellationToken);
        StartFlush(cancellationToken);
        await Task.WhenAll(counters.Values.Select(c => c.Flushing)).WaitAsync(cancellationToken);
    }

    /// <summary>Takes no more; what comes later is counted as lost.</summary>
    public void Complete() => queue.Writer.TryComplete();

    private DeploymentCounter? CounterOf(string deployment)
    {
        if (counters.TryGetValue(deployment, out var counter))
        {
            return counter;
        }

        if (counters.Count >= DeploymentsMax)
        {
            // Only this loop adds rows, so a counter that holds none and is not being flushed may go.
            foreach (var (name, idle) in counters)
            {
                if (idle.IsEmpty)
                {
                    counters.TryRemove(name, out _);
                }
            }
        }

        return counters.Count >= DeploymentsMax
            ? null
            : counters.GetOrAdd(deployment, name => new DeploymentCounter(name, monitors(name), ids.NewId(), time, metrics, logger));
    }
}

/// <summary>One answered request. The tensors are shared with the scoring path and never written.</summary>
internal sealed record Observation(InferenceRequest Request, InferenceResponse Response, int Rows, DateTimeOffset At);
