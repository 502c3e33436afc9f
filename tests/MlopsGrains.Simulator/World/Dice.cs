using System.Collections.Concurrent;

namespace MlopsGrains.Simulator.World;

/// <summary>
/// What goes wrong, by the seed alone: the n-th call of a method of a thing, and the n-th write of a document, always meets the same, whatever happened between. Only in which order calls
/// of several others come to the same thing is left to the machine.
/// </summary>
internal sealed class Dice(int seed, FaultRates rates)
{
    private readonly ConcurrentDictionary<string, int> counts = new(StringComparer.Ordinal);
    private volatile bool over;

    public static Dice None { get; } = new(0, FaultRates.None);

    public FaultRates Rates => rates;

    /// <summary>From here on nothing goes wrong.</summary>
    public void Stop() => over = true;

    /// <summary>A number below 1, or 1 when nothing goes wrong any more.</summary>
    public Roll Roll(string what)
    {
        if (over)
        {
            return default;
        }

        var count = counts.AddOrUpdate(what, 1, static (_, n) => n + 1);
        var hash = (ulong)(uint)seed * 0x9E3779B97F4A7C15 ^ (ulong)count * 0xBF58476D1CE4E5B9;
        foreach (var c in what)
        {
            hash = (hash ^ c) * 0x100000001B3;
        }

        return new Roll(hash | 1);
    }
}

/// <summary>Numbers that follow from one.</summary>
internal struct Roll(ulong state)
{
    /// <summary>Whether something of this probability happens.</summary>
    public bool Happens(double probability) => state != 0 && probability > 0 && Next() < probability;

    /// <summary>Evenly between two spans.</summary>
    public TimeSpan Between(double fromSeconds, double toSeconds) => TimeSpan.FromSeconds(fromSeconds + ((toSeconds - fromSeconds) * Next()));

    private double Next()
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}

/// <summary>How often, as shares of all calls or of all writes.</summary>
/// <param name="Delayed">Calls and answers that are on their way for up to three seconds, and so come in another order.</param>
/// <param name="Late">A gateway's calls that arrive when nobody waits for them any more.</param>
/// <param name="Lost">Calls, and answers, that never arrive.</param>
/// <param name="Refused">Writes that storage could not do.</param>
/// <param name="Unknown">Writes that are done although storage says that it failed.</param>
/// <param name="Full">Writes that storage's queue had no room for.</param>
/// <param name="Slow">Writes and reads that take up to five seconds.</param>
/// <param name="Unread">Reads that fail.</param>
internal sealed record FaultRates(
    double Delayed = 0, double Late = 0, double Lost = 0, double Refused = 0, double Unknown = 0, double Full = 0, double Slow = 0, double Unread = 0)
{
    public static FaultRates None { get; } = new();

    public bool AnyOfNetwork => Delayed + Late + Lost > 0;

    public bool AnyOfStorage => Refused + Unknown + Full + Slow + Unread > 0;
}
