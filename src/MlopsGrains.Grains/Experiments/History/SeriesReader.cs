using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Paging;

namespace MlopsGrains.Grains.Experiments.History;

/// <summary>Reads a series whose points are partly put away, one open chunk at a time.</summary>
/// <param name="series">Does not change while it is read.</param>
/// <param name="open">Fetches and opens a chunk.</param>
/// <param name="list">Names run and metric to page tokens.</param>
internal sealed class SeriesReader(MetricSeries series, Func<SealedChunk, Task<SeriesPoints>> open, string list = "")
{
    /// <summary>Points ordered by timestamp, step, value after the token's point.</summary>
    public async Task<MetricHistory> Page(string key, string? token, int maxResults)
    {
        var after = PageToken.Read<TokenPlace>(list, token) is { } place ? new SeriesPoint(place.Timestamp, place.Step, place.Value) : (SeriesPoint?)null;
        var size = (int)Math.Min(maxResults, series.Count);
        var page = new MetricColumns([key], new int[size], new double[size], new long[size], new long[size]);
        var (count, tail, chunk) = (0, after is { } t ? series.CountUpTo(t) : 0, after is { } c ? series.FirstChunkEndingFrom(c) : 0);
        while (count < size && chunk < series.Chunks.Count)
        {
            var points = await open(series.Chunks[chunk]);
            var at = after is { } a ? FirstAfter(points, a) : 0;
            while (count < size && at < points.Count)
            {
                var fromTail = tail < series.TailCount && series.InOrder(tail).CompareTo(points[at]) < 0;
                Put(fromTail ? series.InOrder(tail++) : points[at++]);
            }

            chunk += at == points.Count ? 1 : 0;
        }

        while (count < size && tail < series.TailCount)
        {
            Put(series.InOrder(tail++));
        }

        var more = chunk < series.Chunks.Count || tail < series.TailCount;
        return new MetricHistory(
            count == size ? page : new MetricColumns([key], page.KeyIndexes[..count], page.Values[..count], page.Timestamps[..count], page.Steps[..count]),
            more && count > 0 ? PageToken.Write(list, new TokenPlace(page.Timestamps[count - 1], page.Steps[count - 1], page.Values[count - 1])) : null);

        void Put(SeriesPoint point)
        {
            (page.Values[count], page.Timestamps[count], page.Steps[count]) = (point.Value, point.Timestamp, point.Step);
            count++;
        }
    }

    /// <summary>Lowest and highest point per bucket of steps in a range.</summary>
    public async Task<MetricBuckets> Buckets(int bucketsMax, long startStep, long endStep)
    {
        var (buckets, _) = await Reduce(SeriesAxis.Steps, bucketsMax, startStep, endStep);
        return new MetricBuckets(buckets.Width, [.. buckets.ToList().Select(b => new MetricBucket(b.FirstStep, b.Count, b.NotANumber, Point(b.Min), Point(b.Max)))]);
    }

    /// <summary>The same over any axis, as columns that a chart draws.</summary>
    public async Task<MetricCurve> Curve(string runId, string key, SeriesAxis axis, int bucketsMax, long start, long end)
    {
        var (buckets, first) = await Reduce(axis, bucketsMax, start, end);
        var (x, y, notFinite, count) = (new List<long>(), new List<double>(), new List<long>(), 0L);
        foreach (var bucket in buckets.ToList())
        {
            count += bucket.Count;
            long? unshown = bucket.NotANumber > 0 ? Math.Max(bucket.FirstStep, first) : null;
            foreach (var point in Ends(bucket, axis))
            {
                if (double.IsFinite(point.Value))
                {
                    x.Add(axis.At(point));
                    y.Add(point.Value);
                }
                else
                {
                    unshown = axis.At(point);
                }
            }

            if (unshown is { } place)
            {
                notFinite.Add(place);
            }
        }

        return new MetricCurve(runId, key, buckets.Width, count, [.. x], [.. y], [.. notFinite]);
    }

    private static IEnumerable<SeriesPoint> Ends(StepBucket bucket, SeriesAxis axis) => (bucket.Min, bucket.Max) switch
    {
        ({ } min, { } max) when min.Equals(max) => [min],
        ({ } min, { } max) => axis.At(min) <= axis.At(max) ? [min, max] : [max, min],
        _ => [],
    };

    /// <summary>The buckets and the first place that they cover; chunks inside one bucket stay closed.</summary>
    private async Task<(StepBuckets Buckets, long First)> Reduce(SeriesAxis axis, int bucketsMax, long start, long end)
    {
        var (least, most) = axis.Of(series);
        var (first, last) = (Math.Max(start, least), Math.Min(end, most));
        if (first > last)
        {
            return (StepBuckets.Over(0, 0, bucketsMax), first);
        }

        var buckets = StepBuckets.Over(first, last, bucketsMax);
        foreach (var chunk in series.Chunks)
        {
            var (from, to) = axis.Of(chunk);
            if (to < first || from > last)
            {
                continue;
            }

            if (from >= first && to <= last && buckets.IsOne(from, to))
            {
                buckets.Add(from, chunk.Count, chunk.NotANumber, chunk.Min, chunk.Max);
                continue;
            }

            var points = await open(chunk);
            for (var i = 0; i < points.Count; i++)
            {
                Add(points[i]);
            }
        }

        for (var i = 0; i < series.TailCount; i++)
        {
            Add(series.InOrder(i));
        }

        return (buckets, first);

        void Add(SeriesPoint point)
        {
            var at = axis.At(point);
            if (at >= first && at <= last)
            {
                buckets.Add(at, point);
            }
        }
    }

    /// <summary>The value at a step: of several points there, the one with the greatest (timestamp, value).</summary>
    public async Task<double?> ValueAt(long step)
    {
        SeriesPoint? found = null;
        await Visit(step, step, point => found = found is { } f && !SeriesHead.IsLater(point, f) ? found : point);
        return found?.Value;
    }

    /// <summary>The distinct steps in a range, rising.</summary>
    public async Task<IReadOnlyList<StepRun>> Steps(long startStep, long endStep)
    {
        var (rising, late) = (new List<StepRun>(), new HashSet<long>());
        await Visit(startStep, endStep, point =>
        {
            if (rising.Count == 0 || point.Step > rising[^1].Last)
            {
                StepSampling.Append(rising, point.Step);
            }
            else if (point.Step != rising[^1].Last && late.Add(point.Step) && late.Count > StepSampling.StepsMax)
            {
                throw MlopsException.Invalid("start_step", $"More than {StepSampling.StepsMax} steps in range do not rise with time; ask for a narrower range.");
            }
        });
        return late.Count == 0 ? rising : StepSampling.Compress(StepSampling.Each(rising).Concat(late).Distinct().Order());
    }

    /// <summary>Points at the given steps (rising), ordered by step, timestamp, value, at most <paramref name="maxResults"/>.</summary>
    public async Task<MetricColumns> PointsAt(string key, long[] steps, int maxResults)
    {
        var (wanted, found) = (steps.ToHashSet(), new List<SeriesPoint>());
        if (steps.Length > 0)
        {
            await Visit(steps[0], steps[^1], point =>
            {
                if (wanted.Contains(point.Step))
                {
                    found.Add(point);
                }
            }, chunk => Array.BinarySearch(steps, chunk.StepMin) is var at && (at >= 0 || (~at < steps.Length && steps[~at] <= chunk.StepMax)));
        }

        var points = found.OrderBy(p => p.Step).ThenBy(p => p.Timestamp).ThenBy(p => p.Value).Take(maxResults).ToList();
        return new MetricColumns([key], new int[points.Count], [.. points.Select(p => p.Value)], [.. points.Select(p => p.Timestamp)], [.. points.Select(p => p.Step)]);
    }

    /// <summary>Every point with a step in a range: chunk by chunk, then the tail.</summary>
    private async Task Visit(long startStep, long endStep, Action<SeriesPoint> visit, Func<SealedChunk, bool>? opens = null)
    {
        foreach (var chunk in series.Chunks)
        {
            if (chunk.StepMax < startStep || chunk.StepMin > endStep || opens?.Invoke(chunk) == false)
            {
                continue;
            }

            var points = await open(chunk);
            for (var i = 0; i < points.Count; i++)
            {
                VisitWithin(points[i]);
            }
        }

        for (var i = 0; i < series.TailCount; i++)
        {
            VisitWithin(series.InOrder(i));
        }

        void VisitWithin(SeriesPoint point)
        {
            if (point.Step >= startStep && point.Step <= endStep)
            {
                visit(point);
            }
        }
    }

    private static int FirstAfter(SeriesPoints points, SeriesPoint last)
    {
        int low = 0, high = points.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = points[middle].CompareTo(last) <= 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private static MetricPoint? Point(SeriesPoint? point) => point is { } p ? new MetricPoint(p.Value, p.Timestamp, p.Step) : null;

    private sealed record TokenPlace(long Timestamp, long Step, double Value);
}
