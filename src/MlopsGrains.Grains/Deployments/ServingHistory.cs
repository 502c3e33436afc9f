using MlopsGrains.Deployments;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Deployments;

/// <summary>
/// What a deployment was asked, by minute for a day and by hour for 30 days. Sums of integers, bounded: at most eight revisions a slot, about 150 bytes each, 3 MB when all eight get traffic
/// all the time.
/// </summary>
[Immutable]
internal sealed class ServingHistory
{
    /// <summary>Counters remembered; beyond it the one heard least recently is forgotten.</summary>
    public const int CountersKept = 64;

    private const int HourMinutes = 60;

    /// <summary>A counter's clock may be a little ahead.</summary>
    private const int AheadMinutesMax = 10;

    /// <summary>By minute, oldest first.</summary>
    public List<ServingSlot> Minutes { get; set; } = [];

    /// <summary>By hour, oldest first.</summary>
    public List<ServingSlot> Hours { get; set; } = [];

    /// <summary>The one heard least recently first. A counter sends one delta after the other.</summary>
    public List<HeardCounter> Counters { get; set; } = [];

    public bool HasCounted(ServingDelta delta) => Counters.Find(c => c.CounterId == delta.CounterId) is { } heard && delta.Sequence <= heard.Sequence;

    public static void Check(ServingDelta delta, DateTimeOffset now)
    {
        if (delta.Sequence < 1)
        {
            throw MlopsException.Invalid("sequence", $"sequence is {delta.Sequence}; at least 1.");
        }

        for (var i = 0; i < delta.Slots.Count; i++)
        {
            var slot = delta.Slots[i];
            if (slot.Minute > MinuteOf(now) + AheadMinutesMax || slot.LatencyFrom < 0 || slot.LatencyFrom + slot.Latency.Count > LatencyBuckets.Count || slot.Latency.Any(n => n < 0)
                || slot.Revision < 0 || slot.Rows < 0 || slot.Refused < 0 || slot.Failed < 0 || slot.Latency.Sum() + slot.Refused + slot.Failed != slot.Requests)
            {
                throw MlopsException.Invalid($"slots[{i}]", $"slots[{i}] must hold counts of at least 0 that add up to requests, of a minute that has begun.");
            }
        }
    }

    public void Apply(ServingEvent e)
    {
        if (e is not ServingCounted counted)
        {
            throw new NotSupportedException($"A deployment's history knows no event {e.GetType().Name}.");
        }

        Counters.RemoveAll(c => c.CounterId == counted.Delta.CounterId);
        Counters.Add(new HeardCounter(counted.Delta.CounterId, counted.Delta.Sequence));
        Counters.RemoveRange(0, Math.Max(0, Counters.Count - CountersKept));
        foreach (var slot in counted.Delta.Slots)
        {
            Add(Minutes, slot);
            Add(Hours, slot with { Minute = slot.Minute / HourMinutes * HourMinutes });
        }

        Trim(Minutes, ServingLimits.MinutesKept);
        Trim(Hours, ServingLimits.HoursKept * HourMinutes);
    }

    public DeploymentMetrics Read(string deployment, DateTimeOffset from, DateTimeOffset to, int points, DateTimeOffset now)
    {
        var first = MinuteOf(from);
        var minutes = (long)Math.Ceiling((to - from).TotalMinutes);
        var byHour = first <= MinuteOf(now) - ServingLimits.MinutesKept;
        var unit = byHour ? HourMinutes : 1;
        var step = (int)((minutes + (long)points * unit - 1) / ((long)points * unit)) * unit;
        first = first / unit * unit;
        var steps = (int)((MinuteOf(to.AddTicks(-1)) - first) / step) + 1;
        var end = first + (long)steps * step;
        var revisions = (byHour ? Hours : Minutes).Where(s => s.Minute >= first && s.Minute < end).GroupBy(s => s.Revision).OrderByDescending(g => g.Key)
            .Select(g => new RevisionMetrics(g.Key, Point(0, g), [.. g.GroupBy(s => (int)((s.Minute - first) / step)).OrderBy(p => p.Key).Select(p => Point(p.Key, p))]));
        return new DeploymentMetrics(deployment, DateTimeOffset.FromUnixTimeSeconds(first * 60), step * 60, steps, [.. revisions]);
    }

    public static long MinuteOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / 60;

    private static ServingPoint Point(int step, IEnumerable<ServingSlot> slots)
    {
        var (all, latency) = (new ServingSlot(0, 0, 0, 0, 0, 0, 0, []), new long[LatencyBuckets.Count]);
        foreach (var slot in slots)
        {
            all = all with { Requests = all.Requests + slot.Requests, Rows = all.Rows + slot.Rows, Refused = all.Refused + slot.Refused, Failed = all.Failed + slot.Failed };
            for (var i = 0; i < slot.Latency.Count; i++)
            {
                latency[slot.LatencyFrom + i] += slot.Latency[i];
            }
        }

        return new ServingPoint(step, all.Requests, all.Rows, all.Refused, all.Failed, Quantile(latency, 0.5), Quantile(latency, 0.99));
    }

    private static double? Quantile(long[] latency, double share)
    {
        var total = latency.Sum();
        var wanted = (long)Math.Ceiling(total * share);
        for (var i = 0; i < latency.Length && total > 0; i++)
        {
            wanted -= latency[i];
            if (wanted <= 0)
            {
                return LatencyBuckets.MiddleMs(i);
            }
        }

        return null;
    }

    /// <summary>Slots come nearly in order, so the place is near the end.</summary>
    private static void Add(List<ServingSlot> slots, ServingSlot added)
    {
        var known = slots.FindLastIndex(s => s.Minute == added.Minute && s.Revision == added.Revision);
        if (known < 0 && slots.Count(s => s.Minute == added.Minute) >= ServingLimits.RevisionsMax)
        {
            added = added with { Revision = 0 };
            known = slots.FindLastIndex(s => s.Minute == added.Minute && s.Revision == 0);
        }

        if (known >= 0)
        {
            slots[known] = Sum(slots[known], added);
            return;
        }

        slots.Insert(slots.FindLastIndex(s => s.Minute <= added.Minute) + 1, added);
    }

    private static ServingSlot Sum(ServingSlot a, ServingSlot b)
    {
        var (from, to) = (Math.Min(a.LatencyFrom, b.LatencyFrom), Math.Max(a.LatencyFrom + a.Latency.Count, b.LatencyFrom + b.Latency.Count));
        var latency = new long[to - from];
        foreach (var slot in (ServingSlot[])[a, b])
        {
            for (var i = 0; i < slot.Latency.Count; i++)
            {
                latency[slot.LatencyFrom - from + i] += slot.Latency[i];
            }
        }

        return a with { Requests = a.Requests + b.Requests, Rows = a.Rows + b.Rows, Refused = a.Refused + b.Refused, Failed = a.Failed + b.Failed, LatencyFrom = from, Latency = latency };
    }

    private static void Trim(List<ServingSlot> slots, int keptMinutes)
    {
        if (slots is [.., var newest])
        {
            slots.RemoveAll(s => s.Minute <= newest.Minute - keptMinutes);
        }
    }
}

internal sealed record HeardCounter(string CounterId, long Sequence);

/// <summary>What can happen to a deployment's history. The discriminators are stored; they stay.</summary>
[System.Text.Json.Serialization.JsonPolymorphic(TypeDiscriminatorPropertyName = "e")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(ServingCounted), "counted")]
internal abstract record ServingEvent;

internal sealed record ServingCounted(ServingDelta Delta) : ServingEvent;
