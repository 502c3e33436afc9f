using Microsoft.Extensions.Logging;
using MlopsGrains.Clocks;
using MlopsGrains.Errors;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>
/// One deployment's counts on their way to its monitor. Deltas leave one at a time and keep their sequence until the monitor has answered, so a delta whose answer
/// was lost is sent again and counted once.
/// </summary>
internal sealed partial class DeploymentCounter(
    string deployment,
    IMonitorGrain monitor,
    string aggregatorId,
    TimeProvider time,
    MonitoringMetrics metrics,
    PredictionTally tally,
    ILogger logger)
{
    /// <summary>Rows kept while it is not known whether there is a monitor and what its bins are.</summary>
    public const int WaitingRowsMax = 5000;

    /// <summary>While the monitor does not answer, counts pile up in the open delta instead.</summary>
    private const int SealedMax = 64;

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMilliseconds(50);

    private readonly Lock gate = new();
    private readonly Queue<Observation> waiting = new();
    private readonly Queue<MonitorDelta> deltas = new();
    private OpenDelta? open;
    private int waitingRows;
    private long lastSequence;
    private TimeSpan askAt = TimeSpan.MinValue;
    private int busy;
    private bool failing;

    /// <summary>The flush under way, or the last one. Never fails.</summary>
    public Task Flushing { get; private set; } = Task.CompletedTask;

    public bool IsEmpty
    {
        get
        {
            lock (gate)
            {
                return deltas.Count == 0 && waiting.Count == 0 && open is not { Rows: > 0 } && Flushing.IsCompleted;
            }
        }
    }

    /// <summary>Counts the rows, or keeps them until the bins are known. True when a delta is full and wants to leave.</summary>
    public bool Add(Observation seen)
    {
        lock (gate)
        {
            if (open is not null)
            {
                return Count(seen);
            }

            waiting.Enqueue(seen);
            waitingRows += seen.Rows;
            while (waitingRows > WaitingRowsMax && waiting.Count > 1)
            {
                var oldest = waiting.Dequeue();
                waitingRows -= oldest.Rows;
                metrics.Lost(oldest.Rows, LossReason.BufferFull);
                tally.Settled(deployment, oldest.Rows);
            }

            return askAt == TimeSpan.MinValue;
        }
    }

    /// <summary>Sends what is full, with <paramref name="all"/> also what is not; nothing when a flush is under way.</summary>
    public void StartFlush(bool all, CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref busy, 1, 0) == 0)
        {
            Flushing = Flush(all, cancellationToken);
        }
    }

    /// <summary>Flushes until the monitor has counted all, or until cancelled; false then. Rows of a deployment without a monitor are nobody's.</summary>
    public async Task<bool> Settle(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Flushing.WaitAsync(cancellationToken);
                if (IsEmpty)
                {
                    return true;
                }

                lock (gate)
                {
                    askAt = TimeSpan.MinValue;
                }

                StartFlush(all: true, cancellationToken);
                await Flushing.WaitAsync(cancellationToken);
                lock (gate)
                {
                    if (!failing && open is null && deltas.Count == 0)
                    {
                        return true;
                    }
                }

                if (failing)
                {
                    await Task.Delay(TryAgainAfter, time, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task Flush(bool all, CancellationToken cancellationToken)
    {
        // Off the caller's thread: the counting loop starts flushes too.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await LearnReference(cancellationToken);
            var sealedAll = !all || SealOpen();
            await SendSealed(cancellationToken);
            if (!sealedAll)
            {
                SealOpen();
                await SendSealed(cancellationToken);
            }

            failing = false;
        }
#pragma warning disable CA1031 // Whatever the monitor or the cluster answers: the delta stays, with its number, for the next flush.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (!failing)
            {
                failing = true;
                FlushFailed(logger, e, deployment);
            }
        }
        finally
        {
            Volatile.Write(ref busy, 0);
        }
    }

    private async Task SendSealed(CancellationToken cancellationToken)
    {
        while (Next() is { } delta)
        {
            await Send(delta, cancellationToken);
            await LearnReference(cancellationToken);
        }
    }

    private async Task Send(MonitorDelta delta, CancellationToken cancellationToken)
    {
        int generation;
        tally.Sending(deployment, aggregatorId, delta.Sequence, delta.Rows);
        try
        {
            generation = await monitor.Apply(delta, cancellationToken);
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.InvalidInput)
        {
            // It would be refused for ever.
            DeltaRefused(logger, e, deployment, delta.Rows);
            metrics.Lost(delta.Rows, LossReason.Refused);
            generation = delta.Generation;
        }

        lock (gate)
        {
            deltas.Dequeue();
            tally.Sent(deployment, delta.Rows);
            if (generation != delta.Generation)
            {
                var older = deltas.Sum(d => d.Rows) + (open?.Rows ?? 0);
                metrics.Lost(delta.Rows + older, LossReason.OldReference);
                tally.Settled(deployment, older);
                deltas.Clear();
                open = null;
                askAt = TimeSpan.MinValue;
            }
        }
    }

    /// <summary>Asks for the bins when they are not known and rows wait for them.</summary>
    private async Task LearnReference(CancellationToken cancellationToken)
    {
        var asked = time.GetUtcNow();
        lock (gate)
        {
            if (open is not null || waiting.Count == 0 || time.GetSteady() < askAt)
            {
                return;
            }

            askAt = time.GetSteady() + AskAgainAfter;
        }

        var reference = await monitor.GetReference(cancellationToken);
        lock (gate)
        {
            if (reference is not null)
            {
                open = new OpenDelta(reference);
            }

            // Rows seen before the monitor was set up are not its business; without a monitor that is all rows seen before the question.
            var since = reference?.ConfiguredAt ?? asked;
            for (var left = waiting.Count; left > 0; left--)
            {
                var seen = waiting.Dequeue();
                waitingRows -= seen.Rows;
                if (seen.At < since)
                {
                    tally.Settled(deployment, seen.Rows);
                    continue;
                }

                if (open is not null)
                {
                    Count(seen);
                }
                else
                {
                    waiting.Enqueue(seen);
                    waitingRows += seen.Rows;
                }
            }
        }

        SealOpen();
    }

    /// <summary>Makes a numbered delta of what was counted so far; false when too many wait already.</summary>
    private bool SealOpen()
    {
        lock (gate)
        {
            if (open is not { Rows: > 0 })
            {
                return true;
            }

            if (deltas.Count >= SealedMax)
            {
                return false;
            }

            deltas.Enqueue(open.Seal(aggregatorId, ++lastSequence));
            return true;
        }
    }

    private MonitorDelta? Next()
    {
        lock (gate)
        {
            return deltas.TryPeek(out var delta) ? delta : null;
        }
    }

    /// <summary>Counts row by row into as many deltas as the flush size asks for, so that one huge request does not make one huge window.</summary>
    private bool Count(Observation seen)
    {
        var full = false;
        for (var from = 0; from < seen.Rows;)
        {
            var room = deltas.Count < SealedMax ? open!.Room : int.MaxValue;
            var to = (int)Math.Min(seen.Rows, from + (long)room);
            open!.Count(seen, from, to);
            from = to;
            if (open.Room <= 0)
            {
                full = true;
                SealOpen();
            }
        }

        return full;
    }

    [LoggerMessage(LogLevel.Warning, "Counts for monitor '{Deployment}' could not be sent; they are kept and sent again")]
    private static partial void FlushFailed(ILogger logger, Exception exception, string deployment);

    [LoggerMessage(LogLevel.Error, "Monitor '{Deployment}' refused a delta of {Rows} rows")]
    private static partial void DeltaRefused(ILogger logger, Exception exception, string deployment, long rows);
}
