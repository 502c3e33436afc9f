using System.Collections.Concurrent;
using MlopsGrains.Deployments;
using MlopsGrains.Identity;

namespace MlopsGrains.Grains.Deployments;

/// <summary>Counts this silo's requests by deployment, revision and minute. The scoring path takes a lock of its deployment for a few additions; sending is somebody else's.</summary>
internal sealed class ServingCounter(IIdSource ids, TimeProvider time)
{
    /// <summary>Beyond it, requests of further deployments are not counted until idle ones have been sent.</summary>
    public const int DeploymentsMax = 1000;

    private readonly ConcurrentDictionary<string, Pending> deployments = new(StringComparer.Ordinal);

    public void Answered(string deployment, int revision, long rows, TimeSpan took) => Add(deployment, revision, rows, 0, 0, LatencyBuckets.Of(took));

    /// <summary>It did not fit the model.</summary>
    public void Refused(string deployment, int revision) => Add(deployment, revision, 0, 1, 0, null);

    /// <summary>The platform could not answer it.</summary>
    public void Failed(string deployment, int revision) => Add(deployment, revision, 0, 0, 1, null);

    /// <summary>Sends what was counted, one deployment after the other a few at once; what fails is sent again the next time, with the same number.</summary>
    /// <returns>Whether everything was sent.</returns>
    public async Task<bool> Flush(Func<string, ServingDelta, Task> send)
    {
        var isSent = true;
        foreach (var some in deployments.ToArray().Chunk(16))
        {
            isSent &= Array.TrueForAll(await Task.WhenAll(some.Select(d => Flush(d.Key, d.Value, send))), sent => sent);
        }

        return isSent;
    }

    private async Task<bool> Flush(string deployment, Pending pending, Func<string, ServingDelta, Task> send)
    {
        if (pending.Seal() is not { } delta)
        {
            // One that comes in this very moment is counted nowhere; that is the price of forgetting the idle.
            if (deployments.Count >= DeploymentsMax / 2)
            {
                deployments.TryRemove(new(deployment, pending));
            }

            return true;
        }

        try
        {
            await send(deployment, delta);
            pending.Sent();
            return true;
        }
#pragma warning disable CA1031 // Whatever it is, the counts stay for the next time.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    private void Add(string deployment, int revision, long rows, int refused, int failed, int? bucket)
    {
        if (!deployments.TryGetValue(deployment, out var pending))
        {
            if (deployments.Count >= DeploymentsMax)
            {
                return;
            }

            pending = deployments.GetOrAdd(deployment, _ => new Pending(ids.NewId()));
        }

        pending.Add(revision, ServingHistory.MinuteOf(time.GetUtcNow()), rows, refused, failed, bucket);
    }

    private sealed class Pending(string counterId)
    {
        /// <summary>A silo that cannot tell anybody for long keeps an hour.</summary>
        private const int SlotsMax = 60 * ServingLimits.RevisionsMax;

        private readonly Lock gate = new();
        private readonly Dictionary<(int Revision, long Minute), Slot> slots = [];
        private ServingDelta? sealedDelta;
        private long sequence;

        public void Add(int revision, long minute, long rows, int refused, int failed, int? bucket)
        {
            lock (gate)
            {
                if (!slots.TryGetValue((revision, minute), out var slot))
                {
                    if (slots.Count >= SlotsMax)
                    {
                        return;
                    }

                    slots.Add((revision, minute), slot = new Slot());
                }

                slot.Requests++;
                slot.Rows += rows;
                slot.Refused += refused;
                slot.Failed += failed;
                if (bucket is { } at)
                {
                    slot.Latency[at]++;
                }
            }
        }

        /// <summary>What to send: what was not heard yet, or everything since.</summary>
        public ServingDelta? Seal()
        {
            lock (gate)
            {
                if (sealedDelta is null && slots.Count > 0)
                {
                    sealedDelta = new ServingDelta(counterId, ++sequence, [.. slots.OrderBy(s => s.Key.Minute).Select(s => s.Value.ToSlot(s.Key.Revision, s.Key.Minute))]);
                    slots.Clear();
                }

                return sealedDelta;
            }
        }

        public void Sent()
        {
            lock (gate)
            {
                sealedDelta = null;
            }
        }
    }

    private sealed class Slot
    {
        public long[] Latency { get; } = new long[LatencyBuckets.Count];

        public long Requests { get; set; }

        public long Rows { get; set; }

        public long Refused { get; set; }

        public long Failed { get; set; }

        public ServingSlot ToSlot(int revision, long minute)
        {
            var first = Math.Max(0, Array.FindIndex(Latency, n => n > 0));
            var last = Array.FindLastIndex(Latency, n => n > 0);
            return new ServingSlot(revision, minute, Requests, Rows, Refused, Failed, first, last < 0 ? [] : Latency[first..(last + 1)]);
        }
    }
}
