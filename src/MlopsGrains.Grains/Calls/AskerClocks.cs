using System.Collections.Concurrent;

namespace MlopsGrains.Grains.Calls;

/// <summary>
/// How old a call is, though the clocks of two processes say nothing to each other. The youngest call of an asker tells how far its clock is behind ours, at most; the age of
/// another is what it is further behind. So whatever a call waited for counts: a frozen process on either side, a full queue, a network.
/// </summary>
internal sealed class AskerClocks(long ownClock)
{
    /// <summary>After as long, two clocks may have drifted apart and the difference is learnt anew; half of it is forgotten at a time.</summary>
    private const long WindowMs = 60_000;

    /// <summary>Processes that asked. A cluster has few at a time; those that are gone are forgotten when there are too many.</summary>
    private const int AskersMax = 1000;

    private readonly ConcurrentDictionary<long, Asker> askers = new();

    /// <summary>Milliseconds, by the clock <paramref name="now"/> comes from.</summary>
    public long AgeMs(long clock, long asked, long now)
    {
        if (clock == ownClock)
        {
            return now - asked;
        }

        if (askers.Count > AskersMax)
        {
            askers.Clear();
        }

        return askers.GetOrAdd(clock, static (_, n) => new Asker(n), now).AgeMs(now - asked, now);
    }

    /// <summary>The smallest difference of this window and the one before. A window lasts until one call comes after its end, so a pause of both processes loses neither.</summary>
    private sealed class Asker(long now)
    {
        private readonly Lock gate = new();
        private long began = now;
        private long smallest = long.MaxValue;
        private long smallestBefore = long.MaxValue;

        public long AgeMs(long behind, long now)
        {
            lock (gate)
            {
                if (now - began > WindowMs)
                {
                    (smallestBefore, smallest, began) = (smallest, long.MaxValue, now);
                }

                smallest = Math.Min(smallest, behind);
                return behind - Math.Min(smallest, smallestBefore);
            }
        }
    }
}
