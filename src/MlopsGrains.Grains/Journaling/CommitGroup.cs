using MlopsGrains.Calls;
using MlopsGrains.Grains.Calls;

namespace MlopsGrains.Grains.Journaling;

/// <summary>
/// Group commit inside one interleaving grain: while one batch is being stored, everything that arrives waits and goes together into the next.
/// Items keep their order. Only for use in the turns of one activation, so it needs no lock.
/// </summary>
/// <param name="sizeMax">Most items in one batch.</param>
/// <param name="waitingMax">Most items that wait; more are refused.</param>
/// <param name="commit">Stores a batch; what it throws reaches every caller of that batch.</param>
internal sealed class CommitGroup<TItem>(int sizeMax, int waitingMax, Func<IReadOnlyList<TItem>, Task> commit)
{
    private readonly Queue<Waiting> waiting = new();
    private Task committing = Task.CompletedTask;

    /// <summary>Returns when the item's batch is stored.</summary>
    /// <exception cref="Errors.MlopsException">Too many items wait (<see cref="Errors.ErrorKind.Overloaded"/>).</exception>
    public Task Add(TItem item)
    {
        if (waiting.Count >= waitingMax)
        {
            throw Errors.MlopsException.Overloaded($"{waiting.Count} changes wait to be stored; at most {waitingMax}.");
        }

        var mine = new Waiting(item);
        waiting.Enqueue(mine);
        if (committing.IsCompleted)
        {
            committing = CommitAll();
        }

        return mine.Done;
    }

    private async Task CommitAll()
    {
        // This goes on in the flow of the first who came, and is no more its call than anybody's.
        CurrentCall.Current = null;
        CallDeadline.Clear();
        while (waiting.Count > 0)
        {
            await CommitNext();
        }
    }

    private async Task CommitNext()
    {
        var batch = new List<Waiting>(Math.Min(sizeMax, waiting.Count));
        while (batch.Count < sizeMax && waiting.TryDequeue(out var next))
        {
            if (!next.FailIfGivenUp())
            {
                batch.Add(next);
            }
        }

        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            await commit(batch.ConvertAll(w => w.Item));
            batch.ForEach(w => w.Succeed());
        }
#pragma warning disable CA1031 // Every waiter hears it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            batch.ForEach(w => w.Fail(e));
        }
    }

    private sealed class Waiting(TItem item)
    {
        private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CurrentCall? call = CurrentCall.Current;

        public TItem Item => item;

        public Task Done => done.Task;

        public void Succeed()
        {
            call?.Keep();
            done.SetResult();
        }

        public bool FailIfGivenUp()
        {
            if (call is not { IsGivenUp: true })
            {
                return false;
            }

            Fail(CurrentCall.GaveUp());
            return true;
        }

        public void Fail(Exception e) => done.SetException(e);
    }
}
