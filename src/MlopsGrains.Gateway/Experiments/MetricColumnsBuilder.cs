using System.Buffers;
using MlopsGrains.Experiments;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>Collects points in rented columns and hands out exact ones: a batch of n points costs five arrays, whatever n is.</summary>
internal sealed class MetricColumnsBuilder(int capacity) : IDisposable
{
    private readonly int[] keyIndexes = ArrayPool<int>.Shared.Rent(capacity);
    private readonly double[] values = ArrayPool<double>.Shared.Rent(capacity);
    private readonly long[] timestamps = ArrayPool<long>.Shared.Rent(capacity);
    private readonly long[] steps = ArrayPool<long>.Shared.Rent(capacity);

    public MetricKeyTable Keys { get; } = new();

    public int Count { get; private set; }

    /// <summary>Adds a point; the caller keeps <see cref="Count"/> below the capacity.</summary>
    public void Add(int keyIndex, double value, long timestamp, long step)
    {
        keyIndexes[Count] = keyIndex;
        values[Count] = value;
        timestamps[Count] = timestamp;
        steps[Count] = step;
        Count++;
    }

    public void Clear()
    {
        Count = 0;
        Keys.Clear();
    }

    public MetricColumns Build() => Count == 0
        ? MetricColumns.Empty
        : new MetricColumns(Keys.ToArray(), keyIndexes[..Count], values[..Count], timestamps[..Count], steps[..Count]);

    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(keyIndexes);
        ArrayPool<double>.Shared.Return(values);
        ArrayPool<long>.Shared.Return(timestamps);
        ArrayPool<long>.Shared.Return(steps);
    }
}
