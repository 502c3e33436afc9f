using MlopsGrains.Grains.Calls;

namespace MlopsGrains.Simulator.World;

/// <summary>A process of the cluster: it runs, or is stopped for a while, or is gone. Everything that it does passes here.</summary>
internal sealed class Node(string name)
{
    private static readonly Task Never = new TaskCompletionSource().Task;

    private readonly Lock gate = new();
    private readonly List<TaskCompletionSource> inbox = [];
    private TaskCompletionSource? thaw;

    public string Name => name;

    public SiloAddress? Address { get; init; }

    public PauseGate? Pauses { get; set; }

    public bool IsFrozen => thaw is not null;

    /// <summary>Killed, or ended by itself.</summary>
    public bool IsDead { get; private set; }

    /// <summary>The others go on without it.</summary>
    public bool IsEvicted { get; private set; }

    public bool Runs => !IsFrozen && !IsDead;

    public void Freeze() => thaw ??= new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Goes on; what came in meanwhile is read in no particular order.</summary>
    public void Thaw(Random order)
    {
        TaskCompletionSource? over;
        TaskCompletionSource[] arrived;
        lock (gate)
        {
            (over, thaw) = (thaw, null);
            arrived = [.. inbox];
            inbox.Clear();
        }

        over?.SetResult();
        order.Shuffle(arrived);
        foreach (var call in arrived)
        {
            call.TrySetResult();
        }
    }

    public void Die() => IsDead = true;

    /// <summary>What waits to be read by it is lost, and who asked hears so.</summary>
    public void Evict()
    {
        IsEvicted = true;
        TaskCompletionSource[] lost;
        lock (gate)
        {
            lost = [.. inbox];
            inbox.Clear();
        }

        foreach (var call in lost)
        {
            call.TrySetException(new SiloUnavailableException($"{name} is declared dead."));
        }
    }

    /// <summary>Returns while the process runs, later when it is stopped, and never when it is gone.</summary>
    public Task Pass()
    {
        if (Runs)
        {
            return Task.CompletedTask;
        }

        return PassLater();
    }

    /// <summary>What is sent to it: it is there, waits until it is read, or does not arrive.</summary>
    public async Task Arrive()
    {
        TaskCompletionSource? call = null;
        lock (gate)
        {
            if (!IsEvicted && IsFrozen)
            {
                inbox.Add(call = new(TaskCreationOptions.RunContinuationsAsynchronously));
            }
        }

        if (call is not null)
        {
            await Held(call.Task);
        }
        else if (IsDead && !IsEvicted)
        {
            throw new Orleans.Runtime.Messaging.ConnectionFailedException($"{name} does not answer.");
        }
    }

    private async Task PassLater()
    {
        while (!Runs)
        {
            await Held(IsDead ? Never : thaw?.Task ?? Task.CompletedTask);
        }
    }

    private static async Task Held(Task until)
    {
        var strand = Strand.Current;
        strand?.Wait();
        try
        {
            await until;
        }
        finally
        {
            strand?.Resume();
        }
    }
}
