using MlopsGrains.Clocks;
using MlopsGrains.Grains.Calls;

namespace MlopsGrains.Grains.Experiments.Live;

/// <summary>
/// The latest changes of a thing that somebody watches, bounded by number and weight, and a bell for those who wait for the next. Nothing is kept while nobody watches.
/// For the turns of one activation.
/// </summary>
internal sealed class RecentChanges<T>(LongWait longWait, TimeProvider time, Func<T, int> weigh)
{
    public const int ChangesMax = 1000;
    public const int WeightMax = 20_000;

    /// <summary>Most weight of one answer.</summary>
    private const int AnswerWeightMax = 5000;

    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(10);

    private readonly Queue<(long Version, T Change)> changes = new();
    private TaskCompletionSource bell = NewBell();
    private TimeSpan watchedUntil;
    private long weight;
    private long start;
    private bool closed;

    public bool IsWatched => time.GetSteady() < watchedUntil;

    /// <summary>Somebody watches; from <paramref name="version"/> on changes are kept.</summary>
    public void Watch(long version)
    {
        if (!IsWatched)
        {
            Forget(version);
        }

        watchedUntil = time.GetSteady() + Kept;
    }

    /// <summary>Whether every change after a version is still here.</summary>
    public bool Remembers(long after) => IsWatched && after >= start;

    public void Add(long version, T change)
    {
        if (!IsWatched)
        {
            return;
        }

        changes.Enqueue((version, change));
        weight += 1 + weigh(change);
        while (changes.Count > ChangesMax || weight > WeightMax)
        {
            var (dropped, old) = changes.Dequeue();
            start = dropped;
            weight -= 1 + weigh(old);
        }

        Ring();
    }

    /// <summary>Changes after a version, oldest first, as many as fit into one answer.</summary>
    public List<(long Version, T Change)> After(long version)
    {
        var (found, sum) = (new List<(long, T)>(), 0);
        foreach (var change in changes)
        {
            if (change.Version > version)
            {
                found.Add(change);
                sum += 1 + weigh(change.Change);
                if (sum > AnswerWeightMax)
                {
                    break;
                }
            }
        }

        return found;
    }

    /// <summary>Returns at the next change, or when the wait is over.</summary>
    public Task Next(TimeSpan wait, CancellationToken cancellationToken) =>
        closed || wait <= TimeSpan.Zero ? Task.CompletedTask : longWait.ForAsync(bell.Task, wait < WaitMax ? wait : WaitMax, cancellationToken);

    /// <summary>Nobody waits any longer.</summary>
    public void Close()
    {
        closed = true;
        Ring();
    }

    private void Ring()
    {
        var rung = bell;
        bell = NewBell();
        rung.TrySetResult();
    }

    private void Forget(long version)
    {
        changes.Clear();
        (weight, start) = (0, version);
    }

    private static TaskCompletionSource NewBell() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
