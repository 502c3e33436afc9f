using MlopsGrains.Simulator.Workload;
using MlopsGrains.Simulator.World;

namespace MlopsGrains.Simulator;

/// <summary>What a seed stands for: who works, how often calls and writes fail, and what happens to silos when.</summary>
internal sealed record Plan(int Seed, FaultRates Rates, IReadOnlyList<Moment> Moments)
{
    public bool Kills => Moments.Any(m => m.Kind == FaultKind.Kill);

    public bool Freezes => Moments.Any(m => m.Kind == FaultKind.Freeze);

    public static Plan Of(int seed)
    {
        var random = new Random(seed);
        var rates = (random.Next(6) is 0 or 1, random.Next(6) is 0 or 1) switch
        {
            (false, false) => FaultRates.None,
            var (network, storage) => new FaultRates(
                network ? Rate(0.2) : 0, network ? Rate(0.08) : 0, network ? Rate(0.04) : 0,
                storage ? Rate(0.06) : 0, storage ? Rate(0.06) : 0, storage ? Rate(0.06) : 0, storage ? Rate(0.1) : 0, storage ? Rate(0.04) : 0),
        };
        var moments = new List<Moment>();
        if (random.Next(12) == 0)
        {
            Kill(moments, random);
        }

        if (random.Next(5) < 2)
        {
            Freeze(moments, random);
        }

        return new Plan(seed, rates, [.. moments.OrderBy(m => m.At)]);

        // Mostly a few, sometimes none of a kind.
        double Rate(double most) => random.Next(3) == 0 ? 0 : most * random.NextDouble();
    }

    public IReadOnlyList<Client> Clients(Round round)
    {
        var random = new Random(Seed ^ 0x5EED);
        var clients = new List<Client>();
        for (var i = 0; i < 2; i++)
        {
            clients.Add(new RunClient(round, Another()));
            clients.Add(new ExperimentClient(round, Another()));
        }

        if (random.Next(2) == 0)
        {
            clients.Add(new DatasetClient(round, Another()));
        }

        if (random.Next(4) == 0)
        {
            clients.Add(new PipelineClient(round, Another()));
        }

        return clients;

        Random Another() => new(random.Next());
    }

    public override string ToString() => $"seed {Seed}, {Rates}, {string.Join(", ", Moments.Select(m => $"{m.Kind} of silo {m.Fault.Silo} at {m.At.TotalSeconds:F1}"))}";

    /// <summary>A killed silo is declared dead after five to seven seconds, and another one starts.</summary>
    private static void Kill(List<Moment> moments, Random random)
    {
        var (fault, at) = (new Fault(random.Next(3)), Seconds(random, 1, 12));
        var evicted = at + Seconds(random, 5, 7);
        moments.Add(new(at, FaultKind.Kill, fault));
        moments.Add(new(evicted, FaultKind.Evict, fault));
        moments.Add(new(evicted + Seconds(random, 0, 5), FaultKind.Start, fault));
    }

    /// <summary>For a moment, for as long as calls are waited for, for a little longer, or for so long that the others declare it dead after nine to twelve seconds.</summary>
    private static void Freeze(List<Moment> moments, Random random)
    {
        var (fault, at) = (new Fault(random.Next(3)), Seconds(random, 1, 12));
        var time = random.Next(5) switch
        {
            0 => Seconds(random, 0.3, 2),
            1 => Seconds(random, 2, 9),
            2 or 3 => Seconds(random, 9.5, 12),
            _ => Seconds(random, 13, 40),
        };
        moments.Add(new(at, FaultKind.Freeze, fault));
        moments.Add(new(at + time, FaultKind.Thaw, fault));
        if (time > TimeSpan.FromSeconds(12))
        {
            var evicted = at + Seconds(random, 9, 12);
            moments.Add(new(evicted, FaultKind.Evict, fault));
            moments.Add(new(evicted + Seconds(random, 0, 5), FaultKind.Start, fault));
        }
    }

    private static TimeSpan Seconds(Random random, double from, double to) => TimeSpan.FromSeconds(from + ((to - from) * random.NextDouble()));
}

internal sealed record Moment(TimeSpan At, FaultKind Kind, Fault Fault);

/// <summary>What happens to one silo, from its beginning to its end.</summary>
internal sealed class Fault(int silo)
{
    /// <summary>Counted among the members at the moment when it begins.</summary>
    public int Silo => silo;

    public Node? Target { get; set; }
}

internal enum FaultKind
{
    Kill,
    Freeze,
    Thaw,
    Evict,
    Start,
}
