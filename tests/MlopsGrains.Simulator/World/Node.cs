using MlopsGrains.Grains.Calls;

namespace MlopsGrains.Simulator.World;

/// <summary>A process of the cluster: it runs, or is stopped for a while, or is gone. Everything that it does passes here.</summary>
internal sealed class Node(string name)
{
    private static readonly Task Never = new TaskCompletionSource().Task;

    private readonly Lock gate = new();
    private readonly List<Held> inbox = [];
    private readonly List<Held> stopped = [];

    public string Name => name;

    public SiloAddress? Address { get; init; }

    public PauseGate? Pauses { get; set; }

    public bool IsFrozen { get; private set; }

    /// <summary>Killed, or ended by itself.</summary>
    public bool IsDead { get; private set; }

    /// <summary>The others go on without it.</summary>
    public bool IsEvicted { get; private set; }

    public bool Runs => !IsFrozen && !IsDead;

    public void Freeze() => IsFrozen = true;

    /// <summary>Goes on; what came in meanwhile is read in no particular order.</summary>
    public void Thaw(Random order)
    {
        Held[] goesOn;
        Held[] arrived;
        lock (gate)
        {
            IsFrozen = false;
            (goesOn, arrived) = ([.. stopped], [.. inbox]);
            stopped.Clear();
            inbox.Clear();
        }

        order.Shuffle(arrived);
        foreach (var held in goesOn.Concat(arrived))
        {
            held.Release();
        }
    }

    public void Die() => IsDead = true;

    /// <summary>What waits to be read by it is lost, and who asked hears so.</summary>
    public void Evict()
    {
        IsEvicted = true;
        Held[] lost;
        lock (gate)
        {
            lost = [.. inbox];
            inbox.Clear();
        }

        foreach (var call in lost)
        {
            call.Release(new SiloUnavailableException($"{name} is declared dead."));
        }
    }

    /// <summary>Returns while the process runs, later when it is stopped, and never when it is gone.</summary>
    public async Task Pass()
    {
        while (!Runs)
        {
            if (IsDead)
            {
                await new Held().Task;
            }

            await (Hold(stopped) ?? Task.CompletedTask);
        }
    }

    /// <summary>What is sent to it: it is there, waits until it is read, or does not arrive.</summary>
    public async Task Arrive()
    {
        if (!IsEvicted && Hold(inbox) is { } read)
        {
            await read;
        }
        else if (IsDead && !IsEvicted)
        {
            throw new Orleans.Runtime.Messaging.ConnectionFailedException($"{name} does not answer.");
        }
    }

    private Task? Hold(List<Held> where)
    {
        lock (gate)
        {
            if (!IsFrozen)
            {
                return null;
            }

            var held = new Held();
            where.Add(held);
            return held.Task;
        }
    }

    /// <summary>A call that waits for a process: it counts as going on from the moment of its release.</summary>
    private sealed class Held
    {
        private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Strand? strand = Strand.Current;

        public Held() => strand?.Wait();

        public Task Task => over.Task;

        public void Release(Exception? reason = null)
        {
            strand?.Resume();
            if (reason is null)
            {
                over.SetResult();
            }
            else
            {
                over.SetException(reason);
            }
        }
    }
}
