using MlopsGrains.Grains.Calls;
using MlopsGrains.Pipelines;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Pipelines;

/// <summary>
/// First in, first out, in memory. A step that is lost here (a silo died, the queue was full) is offered again by its run. Reentrant, so that a waiting worker
/// holds up neither offers nor other workers.
/// </summary>
[GrainType("work-queue"), Reentrant]
internal sealed class WorkQueueGrain(PipelineMetrics metrics, LongWait longWait) : Grain, IWorkQueueGrain
{
    private const int StepsMax = 100_000;
    private const int TakeMax = 256;

    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(20);

    private readonly Queue<ReadyStep> queue = new();
    private readonly HashSet<ReadyStep> queued = [];
    private readonly LinkedList<TaskCompletionSource> waiting = new();

    public Task Offer(ReadyStep step, CancellationToken cancellationToken = default)
    {
        if (queue.Count < StepsMax && queued.Add(step))
        {
            queue.Enqueue(step);
            metrics.Queued(1);
            WakeOne();
        }

        return Task.CompletedTask;
    }

    public async Task<IReadOnlyList<ReadyStep>> Take(int max, TimeSpan wait, CancellationToken cancellationToken = default)
    {
        max = Math.Clamp(max, 1, TakeMax);
        wait = wait < TimeSpan.Zero ? TimeSpan.Zero : wait > WaitMax ? WaitMax : wait;
        if (queue.Count == 0 && wait > TimeSpan.Zero)
        {
            await WaitForOffer(wait, cancellationToken);
        }

        var taken = new List<ReadyStep>(Math.Min(max, queue.Count));
        while (taken.Count < max && queue.TryDequeue(out var step))
        {
            queued.Remove(step);
            metrics.Queued(-1);
            taken.Add(step);
        }

        if (queue.Count > 0)
        {
            WakeOne();
        }

        return taken;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        metrics.Queued(-queue.Count);
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    private async Task WaitForOffer(TimeSpan wait, CancellationToken cancellationToken)
    {
        var waiter = waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await longWait.ForAsync(waiter.Value.Task, wait, cancellationToken);
        }
        finally
        {
            if (waiter.List is not null)
            {
                waiting.Remove(waiter);
            }
        }
    }

    private void WakeOne()
    {
        if (waiting.First is { } first)
        {
            waiting.RemoveFirst();
            first.Value.TrySetResult();
        }
    }
}
