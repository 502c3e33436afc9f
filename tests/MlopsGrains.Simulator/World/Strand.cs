namespace MlopsGrains.Simulator.World;

/// <summary>One call on its way or at work. While it waits for time, for a thawing process or for calls of its own, nothing happens by it and time may go on.</summary>
internal sealed class Strand(Activity activity)
{
    private static readonly AsyncLocal<Strand?> Flowing = new();

    private readonly Lock gate = new();
    private int waits;
    private bool ended;

    public static Strand? Current
    {
        get => Flowing.Value;
        set => Flowing.Value = value;
    }

    /// <summary>The process at which the call has arrived.</summary>
    public Node? At { get; set; }

    /// <summary>Ends the call for its caller, whatever becomes of it: its process is gone.</summary>
    public TaskCompletionSource Fate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Begin() => activity.Change(1);

    public void Wait()
    {
        lock (gate)
        {
            if (waits++ == 0 && !ended)
            {
                activity.Change(-1);
            }
        }
    }

    public void Resume()
    {
        lock (gate)
        {
            if (--waits == 0 && !ended)
            {
                activity.Change(1);
            }
        }
    }

    public void End()
    {
        lock (gate)
        {
            if (!ended && waits == 0)
            {
                activity.Change(-1);
            }

            ended = true;
        }
    }
}

/// <summary>How much is going on just now, so that time stands still until it is done.</summary>
internal sealed class Activity
{
    private int busy;
    private long events;

    public bool IsBusy => Volatile.Read(ref busy) > 0;

    public long Events => Volatile.Read(ref events);

    public void Change(int by)
    {
        Interlocked.Add(ref busy, by);
        Interlocked.Increment(ref events);
    }

    /// <summary>Returns when nothing happens any more, or nothing that can be seen has happened for a few milliseconds.</summary>
    public async Task Settle()
    {
        const int CalmLooks = 3;
        const int QuietMs = 4;
        var seen = Events;
        var since = Environment.TickCount64;
        for (var calm = 0; calm < CalmLooks;)
        {
            await Task.Yield();
            var now = Events;
            if (now != seen)
            {
                (seen, since, calm) = (now, Environment.TickCount64, 0);
            }
            else if (!IsBusy)
            {
                calm++;
            }
            else if (Environment.TickCount64 - since > QuietMs)
            {
                return;
            }
            else
            {
                await Task.Delay(1);
            }
        }
    }
}
