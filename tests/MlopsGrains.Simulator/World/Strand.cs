namespace MlopsGrains.Simulator.World;

/// <summary>One call on its way or at work, or somebody who calls. While it waits for time, for a thawing process or for calls of its own, nothing happens by it and time may go on.</summary>
internal sealed class Strand(Activity activity, string name)
{
    private static readonly AsyncLocal<Strand?> Flowing = new();

    private readonly TaskCompletionSource interruption = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private int waits;
    private bool interrupted;
    private bool ended;

    public static Strand? Current
    {
        get => Flowing.Value;
        set => Flowing.Value = value;
    }

    /// <summary>The process at which the call has arrived.</summary>
    public Node? At { get; set; }

    /// <summary>Fails when the call ends for its caller, whatever becomes of it.</summary>
    public Task Interrupted => interruption.Task;

    public override string ToString() => $"{name} at {At?.Name ?? "nobody"}{(waits > 0 ? $", waiting {waits}" : "")}";

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

    /// <summary>Until its caller has heard of it, something happens.</summary>
    public void Interrupt(Exception reason)
    {
        lock (gate)
        {
            if (ended || interrupted)
            {
                return;
            }

            interrupted = true;
            activity.Change(1);
        }

        interruption.SetException(reason);
    }

    public void End()
    {
        lock (gate)
        {
            if (ended)
            {
                return;
            }

            activity.Change(-(waits == 0 ? 1 : 0) - (interrupted ? 1 : 0));

            ended = true;
        }
    }
}

/// <summary>How much is going on just now, so that time stands still until it is done.</summary>
internal sealed class Activity
{
    /// <summary>Looks at the thread pool's queue by its end: whatever could run has run in between, however busy the machine is.</summary>
    private const int CalmLooks = 3;
    private const int StillLooks = 20;

    /// <summary>A call that does not go on, although everything could, waits for something in Orleans that takes real time.</summary>
    private const int StillMs = 50;

    private int busy;
    private int working;
    private long events;

    /// <summary>How often time went on although a call was on its way.</summary>
    public int Overtaken { get; private set; }

    /// <param name="by">Of calls that are on their way and do not wait for time.</param>
    public void Change(int by)
    {
        Interlocked.Add(ref busy, by);
        Interlocked.Increment(ref events);
    }

    /// <summary>Work that surely ends, such as storage's.</summary>
    public async Task<T> While<T>(Func<Task<T>> work)
    {
        Interlocked.Increment(ref working);
        try
        {
            return await work();
        }
        finally
        {
            Interlocked.Increment(ref events);
            Interlocked.Decrement(ref working);
        }
    }

    /// <summary>Returns when nothing happens any more, or when what is on its way stands still.</summary>
    public async Task Settle()
    {
        for (var (seen, since, looks) = (Interlocked.Read(ref events), Environment.TickCount64, 0); ;)
        {
            await Task.Yield();
            var now = Interlocked.Read(ref events);
            if (now != seen || Volatile.Read(ref working) > 0)
            {
                (seen, since, looks) = (now, Environment.TickCount64, 0);
                if (Volatile.Read(ref working) > 0)
                {
                    await Task.Delay(1);
                }
            }
            else if (++looks >= CalmLooks && Volatile.Read(ref busy) == 0)
            {
                return;
            }
            else if (looks > StillLooks && Environment.TickCount64 - since >= StillMs)
            {
                Overtaken++;
                return;
            }
            else if (looks > CalmLooks)
            {
                await Task.Delay(1);
            }
        }
    }
}
