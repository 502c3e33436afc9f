using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Grains.Journaling;

namespace MlopsGrains.Grains.Experiments.History;

/// <summary>A series in a run's snapshot: what is known of all its points, the directory of its chunks, and its tail as a chunk would hold it.</summary>
internal static class RunSeriesCodec
{
    private const byte HasNumbers = 1;

    public static void Write(BinaryOutput o, MetricSeries series)
    {
        var head = series.Head;
        o.Signed(head.Count);
        o.Signed(head.Numbers.Count);
        o.Double(head.Numbers.Min);
        o.Double(head.Numbers.Max);
        o.Double(head.Numbers.Sum);
        Write(o, head.Latest, default);
        o.Signed(head.TimestampMax);
        o.Signed(head.StepMin);
        o.Signed(head.StepMax);
        o.Count(series.Chunks.Count);
        var before = default(SeriesPoint);
        foreach (var chunk in series.Chunks)
        {
            o.Signed(chunk.Number);
            o.Count(chunk.Count);
            Write(o, chunk.First, before);
            Write(o, chunk.Last, chunk.First);
            o.Signed(unchecked(chunk.StepMin - chunk.First.Step));
            o.Signed(unchecked(chunk.StepMax - chunk.Last.Step));
            o.Signed(chunk.NotANumber);
            o.Byte(chunk.Min is null ? (byte)0 : HasNumbers);
            if (chunk is { Min: { } min, Max: { } max })
            {
                Write(o, min, chunk.First);
                Write(o, max, chunk.First);
            }

            before = chunk.Last;
        }

        o.Count(series.TailCount);
        for (var start = 0; start < series.TailCount; start += SeriesCodec.PointsMax)
        {
            var points = new SeriesPoint[Math.Min(SeriesCodec.PointsMax, series.TailCount - start)];
            for (var p = 0; p < points.Length; p++)
            {
                points[p] = series.InOrder(start + p);
            }

            o.Bytes(SeriesSealing.Encode(points));
        }
    }

    public static MetricSeries Read(ref BinaryInput i)
    {
        var count = i.Signed();
        var numbers = new MetricSummary(i.Signed(), i.Double(), i.Double(), i.Double());
        var head = new SeriesHead(count, numbers, ReadPoint(ref i, default), i.Signed(), i.Signed(), i.Signed());
        var chunks = new SealedChunk[i.Count(24)];
        var before = default(SeriesPoint);
        for (var c = 0; c < chunks.Length; c++)
        {
            var (number, points) = (i.Signed(), (int)i.Unsigned());
            var first = ReadPoint(ref i, before);
            var last = ReadPoint(ref i, first);
            var (stepMin, stepMax, notANumber) = (unchecked(first.Step + i.Signed()), unchecked(last.Step + i.Signed()), i.Signed());
            var hasNumbers = i.Byte() == HasNumbers;
            chunks[c] = new SealedChunk(
                number, points, first, last, stepMin, stepMax, notANumber, hasNumbers ? ReadPoint(ref i, first) : null, hasNumbers ? ReadPoint(ref i, first) : null);
            before = last;
        }

        var tail = (int)i.Unsigned();
        var pieces = new List<SeriesPoints>();
        for (var read = 0; read < tail;)
        {
            pieces.Add(SeriesCodec.Decode(i.Bytes()));
            read += pieces[^1].Count > 0 ? pieces[^1].Count : throw new InvalidDataException("A series' tail has fewer points than it says.");
        }

        var whole = pieces.Count == 1
            ? pieces[0]
            : new SeriesPoints([.. pieces.SelectMany(p => p.Timestamps)], [.. pieces.SelectMany(p => p.Steps)], [.. pieces.SelectMany(p => p.Values)]);
        return whole.Count == tail && tail + chunks.Sum(c => (long)c.Count) == count
            ? new MetricSeries(head, chunks, whole.Values, whole.Timestamps, whole.Steps)
            : throw new InvalidDataException($"A series has {whole.Count} points in its tail and {chunks.Length} chunks, which are not the {count} points that it should have.");
    }

    /// <summary>Before chunks: columns in arrival order.</summary>
    public static MetricSeries ReadVersion1(ref BinaryInput i)
    {
        var count = i.Count(10);
        var (timestamps, steps) = (i.Deltas(count), i.Deltas(count));
        return new MetricSeries(i.Doubles(count), timestamps, steps);
    }

    private static void Write(BinaryOutput o, SeriesPoint point, SeriesPoint near)
    {
        o.Signed(unchecked(point.Timestamp - near.Timestamp));
        o.Signed(unchecked(point.Step - near.Step));
        o.Double(point.Value);
    }

    private static SeriesPoint ReadPoint(ref BinaryInput i, SeriesPoint near) =>
        new(unchecked(near.Timestamp + i.Signed()), unchecked(near.Step + i.Signed()), i.Double());
}
