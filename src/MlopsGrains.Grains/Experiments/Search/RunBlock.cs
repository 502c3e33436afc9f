using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// Up to <see cref="RowsMax"/> rows of one shape as columns. A block starts small and doubles, so an odd run of its own shape costs little.
/// Cost of a row: 33 bytes and what its columns need: 4 or 8 for a metric's value and 12 to 25 more when a row of the block logged it more than once, 1 to 4 for each
/// param, tag, name, user and place, plus its texts in the pool.
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
    private readonly PackedLongs[] heads = Codes(3);
    private readonly MetricColumn[] metrics = Metrics(shape.Metrics.Length);
    private readonly PackedLongs[] texts = Codes(shape.Texts);
    private int[]?[]? extras;

    public RunShape Shape => shape;

    public int Number => number;

    public int Count { get; private set; }

    public ReadOnlySpan<UInt128> Keys => keys.AsSpan(0, Count);

    public ReadOnlySpan<long> StartTimes => startTimes.AsSpan(0, Count);

    public ReadOnlySpan<long> EndTimes => endTimes.AsSpan(0, Count);

    public int Name(int row) => (int)heads[0][row];

    public int User(int row) => (int)heads[1][row];

    public int Uri(int row) => (int)heads[2][row];

    /// <summary>The codes of all rows' names, put into a buffer of <see cref="RowsMax"/>.</summary>
    public ReadOnlySpan<int> Names(Span<int> buffer) => All(heads[0], buffer);

    /// <summary>The codes of all rows' users, put into a buffer of <see cref="RowsMax"/>.</summary>
    public ReadOnlySpan<int> Users(Span<int> buffer) => All(heads[1], buffer);

    public string Id(int row) => oddIds?[row] ?? RunKey.Text(keys[row]);

    public RunStatus Status(int row) => (RunStatus)(flags[row] & StatusBits);

    public LifecycleStage Stage(int row) => (flags[row] & DeletedBit) == 0 ? LifecycleStage.Active : LifecycleStage.Deleted;

    public void SetStage(int row, LifecycleStage stage) => flags[row] = (byte)(stage == LifecycleStage.Deleted ? flags[row] | DeletedBit : flags[row] & ~DeletedBit);

    /// <summary>Whether the index has stored the row, and the run has not said since that it changes.</summary>
    public bool IsSettled(int row) => (flags[row] & SettledBit) != 0;

    public void SetSettled(int row, bool settled) => flags[row] = (byte)(settled ? flags[row] | SettledBit : flags[row] & ~SettledBit);

    public double Value(int row, int column) => metrics[column].Value(row);

    /// <summary>A metric's value in every row, if need be put into a buffer of <see cref="RowsMax"/>.</summary>
    public ReadOnlySpan<double> Values(int column, Span<double> buffer) => metrics[column].Values(Count, buffer);

    /// <summary>The codes of a param or tag in every row, put into a buffer of <see cref="RowsMax"/>.</summary>
    public ReadOnlySpan<int> Texts(int column, Span<int> buffer) => All(texts[column], buffer);

    public int[]? Extras(int row) => extras?[row];

    public Metric Metric(int row, int column)
    {
        var metric = metrics[column];
        return new Metric(shape.Metrics[column], metric.Value(row), unchecked(startTimes[row] + metric.Age(row)), metric.Step(row));
    }

    /// <summary>Whether a row has more than one point of a metric.</summary>
    public bool HasHistories(int column) => metrics[column].HasHistories;

    public MetricSummary History(int row, int column) => metrics[column].History(row);

    public long Bytes => (capacity * (16L + 8 + 8 + 1)) + heads.Sum(h => h.Bytes + 40) + metrics.Sum(m => m.Bytes) + texts.Sum(t => t.Bytes + 40) + 400;

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
        heads[0].Set(row, name);
        heads[1].Set(row, user);
        heads[2].Set(row, uri);
    }

    /// <summary>After the head, all metrics in their order: times are kept relative to the start, and much relative to the first metric.</summary>
    public void WriteMetric(int row, int column, Metric metric, MetricSummary history) =>
        metrics[column].Write(row, Count, metric.Value, unchecked(metric.Timestamp - startTimes[row]), metric.Step, history);

    public void WriteText(int row, int column, int code) => texts[column].Set(row, code);

    public int Text(int row, int column) => (int)texts[column][row];

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
        for (var c = 0; c < heads.Length; c++)
        {
            heads[c].Set(row, last.heads[c][from]);
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

    private static PackedLongs[] Codes(int columns)
    {
        var codes = new PackedLongs[columns];
        Array.Fill(codes, new PackedLongs(CapacityMin));
        return codes;
    }

    private static MetricColumn[] Metrics(int columns)
    {
        var metrics = new MetricColumn[columns];
        for (var c = 0; c < columns; c++)
        {
            metrics[c] = new MetricColumn(CapacityMin, c == 0 ? null : metrics[0]);
        }

        return metrics;
    }

    private ReadOnlySpan<int> All(PackedLongs codes, Span<int> buffer)
    {
        codes.CopyTo(buffer[..Count]);
        return buffer[..Count];
    }

    private void Grow()
    {
        capacity *= 2;
        Array.Resize(ref keys, capacity);
        Array.Resize(ref startTimes, capacity);
        Array.Resize(ref endTimes, capacity);
        Array.Resize(ref flags, capacity);
        foreach (ref var head in heads.AsSpan())
        {
            head.Resize(capacity);
        }

        foreach (var metric in metrics)
        {
            metric.Resize(capacity);
        }

        foreach (ref var text in texts.AsSpan())
        {
            text.Resize(capacity);
        }

        if (oddIds is not null)
        {
            Array.Resize(ref oddIds, capacity);
        }

        if (extras is not null)
        {
            Array.Resize(ref extras, capacity);
        }
    }
}
