using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.History;

/// <summary>What is known of all points of a series, wherever they are.</summary>
/// <param name="Count">Points, each counted once.</param>
/// <param name="Numbers">Of those that are numbers.</param>
/// <param name="Latest">The point with the greatest (step, timestamp, value); a number is greater than NaN.</param>
internal readonly record struct SeriesHead(long Count, MetricSummary Numbers, SeriesPoint Latest, long TimestampMax, long StepMin, long StepMax)
{
    public SeriesHead With(SeriesPoint point) => Count == 0
        ? new(1, Numbers.With(point.Value), point, point.Timestamp, point.Step, point.Step)
        : new(
            Count + 1,
            Numbers.With(point.Value),
            IsLater(point, Latest) ? point : Latest,
            Math.Max(TimestampMax, point.Timestamp),
            Math.Min(StepMin, point.Step),
            Math.Max(StepMax, point.Step));

    /// <summary>Beyond every point in time or in steps: certainly new.</summary>
    public bool IsBeyond(SeriesPoint point) => Count == 0 || point.Timestamp > TimestampMax || point.Step > StepMax;

    public static bool IsLater(SeriesPoint a, SeriesPoint b)
    {
        var step = a.Step.CompareTo(b.Step);
        var time = step != 0 ? step : a.Timestamp.CompareTo(b.Timestamp);
        return (time != 0 ? time : a.Value.CompareTo(b.Value)) > 0;
    }
}

/// <summary>
/// One metric: chunks that are put away, and the tail in memory as columns in arrival order. Each point is there once: one beyond the greatest timestamp or step is new without
/// a look-up, which is how nearly every point arrives; only a repeat or a straggler builds the set of the tail's points. Whether a straggler
/// is in a chunk (<see cref="FindChunk"/>) is asked before it comes here.
/// </summary>
internal sealed class MetricSeries
{
    private readonly SealedChunk[] chunks = [];
    private double[] values;
    private long[] timestamps;
    private long[] steps;
    private HashSet<SeriesPoint>? known;
    private int[]? order;
    private bool inOrder = true;

    public MetricSeries() => (values, timestamps, steps) = (new double[4], new long[4], new long[4]);

    /// <summary>Takes over columns that hold every point once, none of it put away.</summary>
    public MetricSeries(double[] values, long[] timestamps, long[] steps)
        : this(default, [], values, timestamps, steps)
    {
        for (var i = 0; i < TailCount; i++)
        {
            Head = Head.With(Tail(i));
        }
    }

    /// <summary>Takes over what was known before; <paramref name="head"/> counts the points of chunks and tail.</summary>
    public MetricSeries(SeriesHead head, SealedChunk[] chunks, double[] values, long[] timestamps, long[] steps)
    {
        (this.values, this.timestamps, this.steps, this.chunks, Head, TailCount) = (values, timestamps, steps, chunks, head, values.Length);
        for (var i = 1; i < TailCount && inOrder; i++)
        {
            inOrder = Tail(i - 1).CompareTo(Tail(i)) < 0;
        }
    }

    public SeriesHead Head { get; private set; }

    public long Count => Head.Count;

    public int TailCount { get; private set; }

    /// <summary>In order, without overlap.</summary>
    public IReadOnlyList<SealedChunk> Chunks => chunks;

    public Metric Latest(string key) => new(key, Head.Latest.Value, Head.Latest.Timestamp, Head.Latest.Step);

    /// <summary>The chunk that would hold the point, or <see langword="null"/>.</summary>
    public SealedChunk? FindChunk(SeriesPoint point)
    {
        if (chunks.Length == 0 || Head.IsBeyond(point))
        {
            return null;
        }

        var at = FirstChunkEndingFrom(point);
        return at < chunks.Length && chunks[at].First.CompareTo(point) <= 0 ? chunks[at] : null;
    }

    /// <summary>The first chunk whose last point is not before <paramref name="point"/>.</summary>
    public int FirstChunkEndingFrom(SeriesPoint point)
    {
        int low = 0, high = chunks.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = chunks[middle].Last.CompareTo(point) < 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>Adds a point that is in no chunk, unless the tail has it. Answers whether it was new.</summary>
    public bool Add(double value, long timestamp, long step)
    {
        var point = new SeriesPoint(timestamp, step, value);
        if (Head.IsBeyond(point))
        {
            known?.Add(point);
        }
        else if (!Known().Add(point))
        {
            return false;
        }

        if (TailCount == values.Length)
        {
            var size = Math.Max(4, TailCount * 2);
            Array.Resize(ref values, size);
            Array.Resize(ref timestamps, size);
            Array.Resize(ref steps, size);
        }

        (values[TailCount], timestamps[TailCount], steps[TailCount]) = (value, timestamp, step);
        inOrder = inOrder && (TailCount == 0 || Tail(TailCount - 1).CompareTo(point) < 0);
        TailCount++;
        order = null;
        Head = Head.With(point);
        return true;
    }

    /// <summary>The tail's point number <paramref name="position"/> in the order (timestamp, step, value).</summary>
    public SeriesPoint InOrder(int position)
    {
        if (inOrder)
        {
            return Tail(position);
        }

        if (order is null)
        {
            order = new int[TailCount];
            for (var i = 0; i < TailCount; i++)
            {
                order[i] = i;
            }

            Array.Sort(order, (a, b) => Tail(a).CompareTo(Tail(b)));
        }

        return Tail(order[position]);
    }

    /// <summary>How many of the tail's points are not after <paramref name="last"/>.</summary>
    public int CountUpTo(SeriesPoint last)
    {
        int low = 0, high = TailCount;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = InOrder(middle).CompareTo(last) <= 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private SeriesPoint Tail(int at) => new(timestamps[at], steps[at], values[at]);

    private HashSet<SeriesPoint> Known()
    {
        if (known is null)
        {
            known = new HashSet<SeriesPoint>(TailCount + 16);
            for (var i = 0; i < TailCount; i++)
            {
                known.Add(Tail(i));
            }
        }

        return known;
    }
}
