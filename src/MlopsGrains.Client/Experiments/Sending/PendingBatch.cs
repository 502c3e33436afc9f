using MlopsGrains.Experiments;

namespace MlopsGrains.Client.Experiments.Sending;

/// <summary>Entries on their way into one batch, as columns that are used again.</summary>
internal sealed class PendingBatch(int capacity)
{
    private readonly Dictionary<string, int> keyIndexes = new(StringComparer.Ordinal);
    private readonly List<string> keys = [];
    private readonly int[] points = new int[capacity];
    private readonly double[] values = new double[capacity];
    private readonly long[] timestamps = new long[capacity];
    private readonly long[] steps = new long[capacity];

    public int Points { get; private set; }

    public List<Tag> Params { get; } = [];

    public List<Tag> Tags { get; } = [];

    public int Entries => Points + Params.Count + Tags.Count;

    /// <summary>Characters of params and tags.</summary>
    public int Characters { get; private set; }

    /// <summary>How many entries the run had been given when this batch was closed.</summary>
    public long Mark { get; set; }

    public IReadOnlyList<string> Keys => keys;

    public ReadOnlySpan<int> KeyIndexes => points.AsSpan(0, Points);

    public ReadOnlySpan<double> Values => values.AsSpan(0, Points);

    public ReadOnlySpan<long> Timestamps => timestamps.AsSpan(0, Points);

    public ReadOnlySpan<long> Steps => steps.AsSpan(0, Points);

    public void AddPoint(string key, double value, long timestamp, long step)
    {
        if (!keyIndexes.TryGetValue(key, out var index))
        {
            index = keys.Count;
            keys.Add(key);
            keyIndexes.Add(key, index);
        }

        (points[Points], values[Points], timestamps[Points], steps[Points]) = (index, value, timestamp, step);
        Points++;
    }

    public void AddParam(Tag param)
    {
        Params.Add(param);
        Characters += param.Key.Length + param.Value.Length;
    }

    public void AddTag(Tag tag)
    {
        Tags.Add(tag);
        Characters += tag.Key.Length + tag.Value.Length;
    }

    public void ClearPoints()
    {
        Points = 0;
        keys.Clear();
        keyIndexes.Clear();
    }

    public void Clear()
    {
        ClearPoints();
        Params.Clear();
        Tags.Clear();
        Characters = 0;
        Mark = 0;
    }
}
