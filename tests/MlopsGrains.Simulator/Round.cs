using System.Collections.Concurrent;
using MlopsGrains.Governance;
using MlopsGrains.Simulator.Workload;
using MlopsGrains.Simulator.World;

namespace MlopsGrains.Simulator;

/// <summary>One seed: clients work while things go wrong; then everything is well again, and what is stored is held against what was acknowledged.</summary>
internal sealed class Round
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan TimeMax = TimeSpan.FromHours(1);

    private readonly ConcurrentQueue<string> notes = new();
    private readonly ConcurrentQueue<string> wrong = new();
    private readonly DateTimeOffset began;
    private readonly Random random;
    private readonly Plan plan;
    private readonly IReadOnlyList<Client> clients;

    public Round(Cluster cluster, int seed)
    {
        Cluster = cluster;
        Seed = seed;
        began = cluster.Time.GetUtcNow();
        plan = Plan.Of(seed);
        random = new Random(seed);
        clients = plan.Clients(this);
    }

    public Cluster Cluster { get; }

    public int Seed { get; }

    public TimeSpan Elapsed => Cluster.Time.GetUtcNow() - began;

    /// <summary>Nothing happens but that silos are killed.</summary>
    public bool OnlyKills => plan.Kills && !plan.Freezes && plan.Rates == FaultRates.None;

    /// <summary>How long something may be refused or not answered; <see langword="null"/> when the faults themselves are the reason.</summary>
    public TimeSpan? BlockedMax => plan.Rates != FaultRates.None ? null : TimeSpan.FromSeconds(plan.Freezes ? 20 : 15);

    public IReadOnlyCollection<string> Notes => notes;

    public IReadOnlyCollection<string> AllWrong => wrong;

    public void Wrong(string what)
    {
        wrong.Enqueue(what);
        Note($"WRONG {what}");
    }

    public void Note(string what) => notes.Enqueue($"{Elapsed.TotalSeconds,7:F2} {what}");

    public async Task Run()
    {
        Note($"plan: {plan}");
        Cluster.BeginAudit();
        Cluster.Note = Note;
        Cluster.Dice = new Dice(Seed, plan.Rates);
        var working = Task.WhenAll(clients.Select(c => Begin(c.Name, c.Work)));
        foreach (var moment in plan.Moments)
        {
            await Until(() => Elapsed >= moment.At);
            await Do(moment);
        }

        await Meanwhile(working);
        Cluster.Dice.Stop();
        await Cluster.Heal(random, Meanwhile);

        // What is still on its way arrives.
        var healed = Elapsed;
        await Until(() => Elapsed - healed > TimeSpan.FromSeconds(20));
        Cluster.Sweep();
        Cluster.Dice = Dice.None;
        await Meanwhile(Begin("check", Check));
        Note($"overtaken {Cluster.Activity.Overtaken}");
    }

    /// <summary>What a grain says after it was read from storage again.</summary>
    public async Task<T> Stored<T>(IAddressable grain, Func<Task<T>> read)
    {
        await Cluster.Forget(grain);
        RequestContext.Clear();
        return await read();
    }

    /// <summary>Whether something is so in time.</summary>
    public async Task<bool> Within(TimeSpan time, Func<Task<bool>> condition)
    {
        for (var since = Elapsed; Elapsed - since < time; await Task.Delay(TimeSpan.FromSeconds(1), Cluster.Time))
        {
            if (await condition())
            {
                return true;
            }
        }

        return false;
    }

    private async Task Check()
    {
        var chain = Cluster.Client.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main);
        if (!await Within(TimeSpan.FromMinutes(2), async () => await chain.Waiting() is { Events: 0 }))
        {
            Wrong("changes still wait for their place in the audit chain two minutes after the last fault");
        }

        foreach (var client in clients)
        {
            try
            {
                await client.Check(new Audit(await Cluster.ReadAudit()));
            }
            catch (Exception e)
            {
                Wrong($"{client.Name}: what is stored could not be read after all faults: {e}");
            }
        }
    }

    /// <summary>Time stands still while it works, and goes on while it waits.</summary>
    private Task Begin(string name, Func<Task> work)
    {
        var strand = new Strand(Cluster.Activity, name);
        strand.Begin();
        return Task.Run(async () =>
        {
            Strand.Current = strand;
            try
            {
                await work();
            }
            finally
            {
                strand.End();
            }
        });
    }

    private async Task Meanwhile(Task doing)
    {
        await Until(() => doing.IsCompleted);
        await doing;
    }

    private async Task Until(Func<bool> condition)
    {
        while (!condition())
        {
            if (Elapsed > TimeMax)
            {
                throw new TimeoutException($"Seed {Seed} did not end within {TimeMax}.");
            }

            await Cluster.Advance(Step);
        }
    }

    private async Task Do(Moment moment)
    {
        var fault = moment.Fault;
        if (moment.Kind is FaultKind.Kill or FaultKind.Freeze)
        {
            var members = Cluster.Members;
            fault.Target = members.Count > fault.Silo && members[fault.Silo].Runs && members.Count(n => n.Runs) > 1 ? members[fault.Silo] : null;
        }

        if (fault.Target is not { } target)
        {
            return;
        }

        Note($"{moment.Kind} of {target.Name}");
        switch (moment.Kind)
        {
            case FaultKind.Kill:
                Cluster.Kill(target, random);
                break;
            case FaultKind.Freeze:
                target.Freeze();
                break;
            case FaultKind.Thaw:
                target.Thaw(random);
                break;
            case FaultKind.Evict:
                await Cluster.Evict(target);
                break;
            default:
                await Cluster.StartMissing(Meanwhile);
                break;
        }
    }
}
