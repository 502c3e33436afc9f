using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using MlopsGrains.Deployments;
using MlopsGrains.Grains.Deployments;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>
/// Counts this silo's predictions into integer histograms and sends them to the monitors as numbered deltas. The scoring path only writes to a queue that is
/// bounded in rows; one loop counts. After <see cref="Complete"/> each prediction is counted by its monitor before it is answered: a silo answers for some time after it was
/// told to stop. Without <see cref="PredictionFlushService"/> running it does nothing.
/// </summary>
internal sealed partial class PredictionAggregator(
    Func<string, IMonitorGrain> monitors,
    IIdSource ids,
    TimeProvider time,
    MonitoringMetrics metrics,
    PredictionTally tally,
    ILogger<PredictionAggregator> logger) : IPredictionObserver
{
    public const long QueuedRowsMax = 200_000;
    public const int DeploymentsMax = 1000;

    private static readonly TimeSpan SettleMax = TimeSpan.FromSeconds(5);

    private readonly Channel<(string Deployment, Observation Seen)> queue =
        Channel.CreateUnbounded<(string, Observation)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly ConcurrentDictionary<string, DeploymentCounter> counters = new(StringComparer.Ordinal);
    private long queuedRows;

    public Task Observe(string deployment, int modelVersion, InferenceRequest request, InferenceResponse response)
    {
        var rows = request.Inputs is [{ Shape: [var first, ..] }, ..] ? (int)Math.Min(first, int.MaxValue) : 0;
        if (rows <= 0)
        {
            return Task.CompletedTask;
        }

        metrics.Observed(rows);
        if (Volatile.Read(ref queuedRows) >= QueuedRowsMax)
        {
            metrics.Lost(rows, LossReason.QueueFull);
            return Task.CompletedTask;
        }

        tally.Answered(deployment, rows);
        var seen = new Observation(request, response, rows, time.GetUtcNow());
        Interlocked.Add(ref queuedRows, rows);
        if (queue.Writer.TryWrite((deployment, seen)))
        {
            return Task.CompletedTask;
        }

        Interlocked.Add(ref queuedRows, -rows);
        return CountLate(deployment, seen);
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
                tally.Settled(next.Deployment, next.Seen.Rows);
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

    /// <summary>From here on nothing waits in the queue.</summary>
    public void Complete() => queue.Writer.TryComplete();

    /// <summary>Flushes again and again until every monitor has counted all; false when that took more than 5 s.</summary>
    public async Task<bool> Settle()
    {
        using var end = new CancellationTokenSource(SettleMax, time);
        return Array.TrueForAll(await Task.WhenAll(counters.Values.Select(c => c.Settle(end.Token))), settled => settled);
    }

    private async Task CountLate(string deployment, Observation seen)
    {
        if (CounterOf(deployment) is not { } counter)
        {
            metrics.Lost(seen.Rows, LossReason.TooManyDeployments);
            tally.Settled(deployment, seen.Rows);
            return;
        }

        counter.Add(seen);
        using var end = new CancellationTokenSource(SettleMax, time);
        if (!await counter.Settle(end.Token))
        {
            metrics.Lost(seen.Rows, LossReason.Stopped);
        }
    }

    private DeploymentCounter? CounterOf(string deployment)
    {
        if (counters.TryGetValue(deployment, out var counter))
        {
            return counter;
        }

        if (counters.Count >= DeploymentsMax)
        {
            // Only the counting loop comes here with so many, so a counter that holds no rows and is not being flushed may go.
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
            : counters.GetOrAdd(deployment, name => new DeploymentCounter(name, monitors(name), ids.NewId(), time, metrics, tally, logger));
    }
}

/// <summary>One answered request. The tensors are shared with the scoring path and never written.</summary>
internal sealed record Observation(InferenceRequest Request, InferenceResponse Response, int Rows, DateTimeOffset At);
