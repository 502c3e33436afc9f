using System.Buffers.Binary;
using System.Buffers.Text;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments;

/// <summary>
/// One metric's points as columns in arrival order, each point once. A point beyond the greatest timestamp or step is new without a look-up, which is how
/// nearly every point arrives; only a repeat or a straggler builds the set of all points.
/// </summary>
internal sealed class MetricSeries
{
    private double[] values;
    private long[] timestamps;
    private long[] steps;
    private HashSet<Point>? known;
    private int[]? order;
    private bool inOrder = true;
    private long timestampMax = long.MinValue;
    private long stepMax = long.MinValue;
    private int latest;

    public MetricSeries() => (values, timestamps, steps) = (new double[4], new long[4], new long[4]);

    /// <summary>Takes over columns that hold every point once.</summary>
    public MetricSeries(double[] values, long[] timestamps, long[] steps)
    {
        (this.values, this.timestamps, this.steps) = (values, timestamps, steps);
        for (var i = 0; i < values.Length; i++)
        {
            Note(i);
        }
    }

    public int Count { get; private set; }

    public ReadOnlySpan<double> Values => values.AsSpan(0, Count);

    public ReadOnlySpan<long> Timestamps => timestamps.AsSpan(0, Count);

    public ReadOnlySpan<long> Steps => steps.AsSpan(0, Count);

    /// <summary>The point with the greatest (step, timestamp, value); a number is greater than NaN.</summary>
    public Metric Latest(string key) => new(key, values[latest], timestamps[latest], steps[latest]);

    /// <summary>Of all points.</summary>
    public MetricSummary Summary { get; private set; }

    /// <summary>The value at a step: of several points there, the one with the greatest (timestamp, value).</summary>
    public double? ValueAt(long step)
    {
        var found = -1;
        for (var i = 0; i < Count; i++)
        {
            if (steps[i] == step && (found < 0 || IsLater(i, found)))
            {
                found = i;
            }
        }

        return found < 0 ? null : values[found];
    }

    /// <summary>Adds a point unless it is there. Answers whether it was new.</summary>
    public bool Add(double value, long timestamp, long step)
    {
        if (timestamp <= timestampMax && step <= stepMax && !AddToKnown(new Point(timestamp, step, value)))
        {
            return false;
        }

        if (Count == values.Length)
        {
            var size = Math.Max(4, Count * 2);
            Array.Resize(ref values, size);
            Array.Resize(ref timestamps, size);
            Array.Resize(ref steps, size);
        }

        (values[Count], timestamps[Count], steps[Count]) = (value, timestamp, step);
        if (timestamp > timestampMax || step > stepMax)
        {
            known?.Add(new Point(timestamp, step, value));
        }

        Note(Count);
        return true;
    }

    /// <summary>Points ordered by timestamp, step, value after the token's point.</summary>
    public MetricHistory Page(string key, string? token, int maxResults)
    {
        var start = token is null ? 0 : FirstAfter(ReadToken(token));
        var count = Math.Min(maxResults, Count - start);
        var columns = new MetricColumns([key], new int[count], new double[count], new long[count], new long[count]);
        for (var i = 0; i < count; i++)
        {
            var at = At(start + i);
            (columns.Values[i], columns.Timestamps[i], columns.Steps[i]) = (values[at], timestamps[at], steps[at]);
        }

        return new MetricHistory(columns, start + count < Count ? WriteToken(At(start + count - 1)) : null);
    }

    private bool AddToKnown(Point point)
    {
        if (known is null)
        {
            known = new HashSet<Point>(Count + 16);
            for (var i = 0; i < Count; i++)
            {
                known.Add(new Point(timestamps[i], steps[i], values[i]));
            }
        }

        return known.Add(point);
    }

    private void Note(int at)
    {
        if (at > 0)
        {
            inOrder = inOrder && Compare(at - 1, new Point(timestamps[at], steps[at], values[at])) < 0;
            latest = IsLater(at, latest) ? at : latest;
        }

        order = null;
        Summary = Summary.With(values[at]);
        timestampMax = Math.Max(timestampMax, timestamps[at]);
        stepMax = Math.Max(stepMax, steps[at]);
        Count = at + 1;
    }

    private bool IsLater(int a, int b)
    {
        var step = steps[a].CompareTo(steps[b]);
        var time = step != 0 ? step : timestamps[a].CompareTo(timestamps[b]);
        return (time != 0 ? time : values[a].CompareTo(values[b])) > 0;
    }

    private int At(int position)
    {
        if (inOrder)
        {
            return position;
        }

        if (order is null)
        {
            order = new int[Count];
            for (var i = 0; i < Count; i++)
            {
                order[i] = i;
            }

            Array.Sort(order, (a, b) => Compare(a, new Point(timestamps[b], steps[b], values[b])));
        }

        return order[position];
    }

    private int FirstAfter(Point last)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Compare(At(middle), last) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private int Compare(int at, Point other)
    {
        var time = timestamps[at].CompareTo(other.Timestamp);
        var step = time != 0 ? time : steps[at].CompareTo(other.Step);
        return step != 0 ? step : values[at].CompareTo(other.Value);
    }

    private string WriteToken(int at)
    {
        Span<byte> bytes = stackalloc byte[24];
        BinaryPrimitives.WriteInt64BigEndian(bytes, timestamps[at]);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], steps[at]);
        BinaryPrimitives.WriteDoubleBigEndian(bytes[16..], values[at]);
        return Base64Url.EncodeToString(bytes);
    }

    private static Point ReadToken(string token)
    {
        Span<byte> bytes = stackalloc byte[24];
        return token.Length == 32 && Base64Url.TryDecodeFromChars(token, bytes, out var written) && written == 24
            ? new Point(BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt64BigEndian(bytes[8..]), BinaryPrimitives.ReadDoubleBigEndian(bytes[16..]))
            : throw MlopsException.Invalid("pageToken", "The page token is not one that this list gave out.");
    }

    /// <summary>A point's identity: NaN equals NaN, and 0 equals -0.</summary>
    private readonly record struct Point(long Timestamp, long Step, double Value);
}
