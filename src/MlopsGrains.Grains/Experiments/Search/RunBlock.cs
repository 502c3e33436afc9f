using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// Up to <see cref="RowsMax"/> rows of one shape as columns. A block starts small and doubles, so an odd run of its own shape costs little.
/// Cost of a row: 50 bytes, 16 for each metric (28 more when one was logged more than once), 4 for each param and tag, plus its texts in the pool.
/// </summary>
internal sealed class RunBlock(RunShape shape, int number)
{
    public const int RowsMax = 1024;
    public const long NoTime = long.MinValue;

    private const int CapacityMin = 4;
    private const byte StatusBits = 7;
    private const byte DeletedBit = 8;
    private const byte SettledBit = 16;

    private int capacity = CapacityMin;
    private UInt128[] keys = new UInt128[CapacityMin];
    private string?[]? oddIds;
    private long[] startTimes = new long[CapacityMin];
    private long[] endTimes = new long[CapacityMin];
    private byte[] flags = new byte[CapacityMin];
    private int[] heads = new int[CapacityMin * 3];
    private double[] values = new double[CapacityMin * shape.Metrics.Length];
    private NarrowLongs ages = new(CapacityMin * shape.Metrics.Length);
    private NarrowLongs steps = new(CapacityMin * shape.Metrics.Length);
    private Histories? histories;
    private int[] texts = new int[CapacityMin * shape.Texts];
    private int[]?[]? extras;

    public RunShape Shape => shape;

    public int Number => number;

    public int Count { get; private set; }

    public ReadOnlySpan<UInt128> Keys => keys.AsSpan(0, Count);

    public ReadOnlySpan<long> StartTimes => startTimes.AsSpan(0, Count);

    public ReadOnlySpan<long> EndTimes => endTimes.AsSpan(0, Count);

    public ReadOnlySpan<int> Names => heads.AsSpan(0, Count);

    public ReadOnlySpan<int> Users => heads.AsSpan(capacity, Count);

    public ReadOnlySpan<int> Uris => heads.AsSpan(capacity * 2, Count);

    public string Id(int row) => oddIds?[row] ?? RunKey.Text(keys[row]);

    public RunStatus Status(int row) => (RunStatus)(flags[row] & StatusBits);

    public LifecycleStage Stage(int row) => (flags[row] & DeletedBit) == 0 ? LifecycleStage.Active : LifecycleStage.Deleted;

    public void SetStage(int row, LifecycleStage stage) => flags[row] = (byte)(stage == LifecycleStage.Deleted ? flags[row] | DeletedBit : flags[row] & ~DeletedBit);

    /// <summary>Whether the index has stored the row, and the run has not said since that it changes.</summary>
    public bool IsSettled(int row) => (flags[row] & SettledBit) != 0;

    public void SetSettled(int row, bool settled) => flags[row] = (byte)(settled ? flags[row] | SettledBit : flags[row] & ~SettledBit);

    public ReadOnlySpan<double> Values(int column) => values.AsSpan(column * capacity, Count);

    public ReadOnlySpan<int> Texts(int column) => texts.AsSpan(column * capacity, Count);

    public int[]? Extras(int row) => extras?[row];

    public Metric Metric(int row, int column)
    {
        var at = (column * capacity) + row;
        return new Metric(shape.Metrics[column], values[at], unchecked(startTimes[row] + ages[at]), steps[at]);
    }

    public MetricSummary History(int row, int column)
    {
        var at = (column * capacity) + row;
        return histories is null ? default(MetricSummary).With(values[at]) : new(histories.Counts[at], histories.Min[at], histories.Max[at], histories.Sum[at]);
    }

    /// <summary>Whether some metric of some row was logged more than once.</summary>
    public bool HasHistories => histories is not null;

    public long Bytes =>
        (capacity * (16L + 8 + 8 + 1 + 12)) + (values.Length * 8L) + ages.Bytes + steps.Bytes + (texts.Length * 4L) + (histories is null ? 0 : values.Length * 28L) + 400;

    /// <summary>Makes room for a row at the end; its cells are to be written.</summary>
    public int Append()
    {
        if (Count == capacity)
        {
            Grow();
        }

        return Count++;
    }

    public void WriteHead(int row, UInt128 key, string? oddId, RunInfo info, int name, int user, int uri)
    {
        keys[row] = key;
        if (oddId is not null || oddIds is not null)
        {
            (oddIds ??= new string?[capacity])[row] = oddId;
        }

        (startTimes[row], endTimes[row]) = (info.StartTime, info.EndTime ?? NoTime);
        flags[row] = (byte)(((byte)info.Status & StatusBits) | (info.LifecycleStage == LifecycleStage.Deleted ? DeletedBit : 0));
        (heads[row], heads[capacity + row], heads[(2 * capacity) + row]) = (name, user, uri);
    }

    /// <summary>After the head: times are kept relative to the start.</summary>
    public void WriteMetric(int row, int column, Metric metric, MetricSummary history)
    {
        var at = (column * capacity) + row;
        values[at] = metric.Value;
        ages.Set(at, unchecked(metric.Timestamp - startTimes[row]));
        steps.Set(at, metric.Step);
        if (histories is null && history != default(MetricSummary).With(metric.Value))
        {
            histories = new Histories(this);
        }

        if (histories is not null)
        {
            histories.Counts.Set(at, history.Count);
            (histories.Min[at], histories.Max[at], histories.Sum[at]) = (history.Min, history.Max, history.Sum);
        }
    }

    public void WriteText(int row, int column, int code) => texts[(column * capacity) + row] = code;

    public int Text(int row, int column) => texts[(column * capacity) + row];

    public void WriteExtras(int row, int[]? codes)
    {
        if (codes is not null || extras is not null)
        {
            (extras ??= new int[]?[capacity])[row] = codes;
        }
    }

    /// <summary>Copies the last row of another block of the shape over a row of this one.</summary>
    public void TakeLast(RunBlock last, int row)
    {
        var from = last.Count - 1;
        keys[row] = last.keys[from];
        if (last.oddIds is not null || oddIds is not null)
        {
            (oddIds ??= new string?[capacity])[row] = last.oddIds?[from];
        }

        (startTimes[row], endTimes[row], flags[row]) = (last.startTimes[from], last.endTimes[from], last.flags[from]);
        for (var c = 0; c < 3; c++)
        {
            heads[(c * capacity) + row] = last.heads[(c * last.capacity) + from];
        }

        for (var c = 0; c < shape.Metrics.Length; c++)
        {
            WriteMetric(row, c, last.Metric(from, c), last.History(from, c));
        }

        for (var c = 0; c < shape.Texts; c++)
        {
            WriteText(row, c, last.Text(from, c));
        }

        WriteExtras(row, last.Extras(from));
    }

    public void DropLast()
    {
        Count--;
        WriteExtras(Count, null);
        if (oddIds is not null)
        {
            oddIds[Count] = null;
        }
    }

    public static T[] Grow<T>(T[] cells, int columns, int from, int to)
    {
        var grown = new T[columns * to];
        for (var c = 0; c < columns; c++)
        {
            Array.Copy(cells, c * from, grown, c * to, from);
        }

        return grown;
    }

    private void Grow()
    {
        var (from, to, metrics) = (capacity, capacity * 2, shape.Metrics.Length);
        Array.Resize(ref keys, to);
        Array.Resize(ref startTimes, to);
        Array.Resize(ref endTimes, to);
        Array.Resize(ref flags, to);
        heads = Grow(heads, 3, from, to);
        values = Grow(values, metrics, from, to);
        ages.Grow(metrics, from, to);
        steps.Grow(metrics, from, to);
        texts = Grow(texts, shape.Texts, from, to);
        if (histories is not null)
        {
            histories.Min = Grow(histories.Min, metrics, from, to);
            histories.Max = Grow(histories.Max, metrics, from, to);
            histories.Sum = Grow(histories.Sum, metrics, from, to);
            histories.Counts.Grow(metrics, from, to);
        }

        if (oddIds is not null)
        {
            Array.Resize(ref oddIds, to);
        }

        if (extras is not null)
        {
            Array.Resize(ref extras, to);
        }

        capacity = to;
    }

    private sealed class Histories
    {
        public Histories(RunBlock block)
        {
            var length = block.values.Length;
            (Min, Max, Sum, Counts) = ([.. block.values], [.. block.values], [.. block.values], new NarrowLongs(length));
            for (var at = 0; at < length; at++)
            {
                var one = default(MetricSummary).With(block.values[at]);
                (Min[at], Max[at], Sum[at]) = (one.Min, one.Max, one.Sum);
                Counts.Set(at, one.Count);
            }
        }

        public double[] Min { get; set; }

        public double[] Max { get; set; }

        public double[] Sum { get; set; }

        public NarrowLongs Counts;
    }
}
