using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client.Experiments.Sending;

/// <summary>
/// What a run was given and has not sent: a bounded queue of batches, filled by any thread and emptied by one sender. A batch closes when it is full, when its
/// first entry has waited long enough, or when somebody flushes.
/// </summary>
internal sealed class BatchBuffer : IDisposable
{
    private const int CharactersMax = 500_000;
    private const int SparesMax = 8;

    private readonly TrackingOptions options;
    private readonly ITimer age;
    private readonly object gate = new(); // Monitor, because full callers wait on it.
    private readonly Queue<PendingBatch> closed = new();
    private readonly Stack<PendingBatch> spares = new();
    private readonly List<(long Mark, TaskCompletionSource Done)> flushes = [];
    private PendingBatch open;
    private TaskCompletionSource? sender;
    private Exception? end;
    private int waiting;
    private long added;
    private long settled;
    private long dropped;
    private bool completed;

    public BatchBuffer(TrackingOptions options, TimeProvider time)
    {
        this.options = options;
        open = new PendingBatch(options.BatchEntriesMax);
        age = time.CreateTimer(_ => CloseBatch(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>Raised outside of the lock with the number of points that were dropped.</summary>
    public Action<long>? OnDropped { get; init; }

    public void AddPoint(string key, double value, long timestamp, long step) => Add(b => true, (key, value, timestamp, step), static (b, p) => b.AddPoint(p.key, p.value, p.timestamp, p.step));

    public void AddParam(Tag param) => Add(b => b.Params.Count < BatchLimits.PairsMax && b.Characters < CharactersMax, param, static (b, p) => b.AddParam(p));

    /// <param name="tag">The tag.</param>
    /// <param name="always">Whether it goes in although the buffer is full.</param>
    public void AddTag(Tag tag, bool always = false) => Add(b => b.Tags.Count < BatchLimits.PairsMax && b.Characters < CharactersMax, tag, static (b, t) => b.AddTag(t), always);

    /// <summary>The next closed batch, or <see langword="null"/> when there will be no more. For one sender.</summary>
    public async Task<PendingBatch?> TakeAsync()
    {
        while (true)
        {
            Task ready;
            lock (gate)
            {
                if (closed.TryDequeue(out var batch))
                {
                    waiting -= batch.Entries;
                    Monitor.PulseAll(gate);
                    return batch;
                }

                if (completed)
                {
                    return null;
                }

                sender = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                ready = sender.Task;
            }

            await ready;
        }
    }

    /// <summary>The batch is safe (or refused): whoever flushed up to it may go on.</summary>
    public void Settle(PendingBatch batch)
    {
        List<TaskCompletionSource> done = [];
        lock (gate)
        {
            settled = batch.Mark;
            batch.Clear();
            if (spares.Count < SparesMax)
            {
                spares.Push(batch);
            }

            TakeFlushed(done);
        }

        done.ForEach(d => d.SetResult());
    }

    /// <summary>Done when everything that was added before is settled.</summary>
    public Task FlushAsync()
    {
        lock (gate)
        {
            if (end is not null)
            {
                return Task.FromException(end);
            }

            if (settled >= added)
            {
                return Task.CompletedTask;
            }

            CloseBatch();
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            flushes.Add((added, done));
            return done.Task;
        }
    }

    /// <summary>Takes no more entries; callers that wait for room are refused.</summary>
    public void Complete()
    {
        lock (gate)
        {
            CloseBatch();
            completed = true;
            Monitor.PulseAll(gate);
            sender?.TrySetResult();
        }
    }

    /// <summary>Nothing will be settled any more.</summary>
    public void Fail(Exception reason)
    {
        List<TaskCompletionSource> failed;
        lock (gate)
        {
            end = reason;
            completed = true;
            Monitor.PulseAll(gate);
            failed = [.. flushes.Select(f => f.Done)];
            flushes.Clear();
        }

        failed.ForEach(f => f.SetException(reason));
    }

    /// <summary>Entries that are not settled.</summary>
    public long Unsettled
    {
        get
        {
            lock (gate)
            {
                return added - settled;
            }
        }
    }

    public void Dispose() => age.Dispose();

    private void Add<T>(Predicate<PendingBatch> fits, T entry, Action<PendingBatch, T> add, bool always = false)
    {
        long lost = 0;
        lock (gate)
        {
            while (!completed && !always && waiting >= options.BufferEntriesMax)
            {
                if (options.WhenFull == BufferFull.Wait)
                {
                    CloseBatch();
                    Monitor.Wait(gate);
                }
                else
                {
                    lost += DropOldest();
                }
            }

            if (completed)
            {
                throw end ?? MlopsException.Conflict("The run has ended; nothing more can be logged to it.");
            }

            if (!fits(open))
            {
                CloseBatch();
            }

            add(open, entry);
            added++;
            waiting++;
            if (open.Entries >= options.BatchEntriesMax)
            {
                CloseBatch();
            }
            else if (open.Entries == 1)
            {
                age.Change(options.BatchAgeMax, Timeout.InfiniteTimeSpan);
            }
        }

        if (lost > 0)
        {
            OnDropped?.Invoke(lost);
        }
    }

    private void CloseBatch()
    {
        lock (gate)
        {
            if (open.Entries == 0)
            {
                return;
            }

            open.Mark = added;
            closed.Enqueue(open);
            open = spares.TryPop(out var spare) ? spare : new PendingBatch(options.BatchEntriesMax);
            sender?.TrySetResult();
        }
    }

    /// <summary>The oldest points go first; params and tags only when nothing else waits. A batch that lost all stays as a mark of how far the run has come.</summary>
    private int DropOldest()
    {
        CloseBatch();
        var victim = closed.FirstOrDefault(b => b.Points > 0);
        var lost = victim?.Points ?? 0;
        if (victim is not null)
        {
            victim.ClearPoints();
        }
        else if (closed.FirstOrDefault(b => b.Entries > 0) is { } pairs)
        {
            lost = pairs.Entries;
            pairs.Params.Clear();
            pairs.Tags.Clear();
        }

        // A batch of nothing is only sent on its way by the sender; while that is stuck they must not pile up.
        while (closed.Count > 1 && closed.Peek().Entries == 0)
        {
            closed.Dequeue();
        }

        waiting -= lost;
        dropped += lost;
        return lost;
    }

    private void TakeFlushed(List<TaskCompletionSource> done)
    {
        for (var i = flushes.Count - 1; i >= 0; i--)
        {
            if (flushes[i].Mark <= settled)
            {
                done.Add(flushes[i].Done);
                flushes.RemoveAt(i);
            }
        }
    }
}
