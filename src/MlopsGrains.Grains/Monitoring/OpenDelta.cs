using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>Counts since the last delta, under one reference. Not thread-safe.</summary>
internal sealed class OpenDelta(MonitorReference reference)
{
    private readonly FeatureCounter[] features = [.. reference.Features.Select(f => new FeatureCounter(f))];

    public long Rows { get; private set; }

    /// <summary>Rows until it is full.</summary>
    public int Room => (int)Math.Clamp(reference.FlushRows - Rows, 0, int.MaxValue);

    public void Count(Observation seen, int from, int to)
    {
        foreach (var feature in features)
        {
            feature.Count(seen, from, to);
        }

        Rows += to - from;
    }

    /// <summary>The counts as a delta; counting begins anew.</summary>
    public MonitorDelta Seal(string aggregatorId, long sequence)
    {
        var delta = new MonitorDelta(aggregatorId, sequence, reference.Generation, Rows, [.. features.Select(f => f.TakeCounts())]);
        Rows = 0;
        return delta;
    }
}
