using System.Numerics;
using MlopsGrains.Algorithms.Experiments;

namespace MlopsGrains.Grains.Experiments.History;

/// <param name="Series">As it is once the chunks are stored.</param>
/// <param name="Chunks">To store, by number.</param>
internal sealed record SealedSeries(MetricSeries Series, IReadOnlyList<(long Number, byte[] Payload)> Chunks);

/// <summary>
/// Puts a series' tail away in chunks. Nearly always its points follow the last chunk. Points that fall into a chunk are merged into it; and small neighbours
/// are merged while the older is no longer than the newer, so that a series that grows by drops has few chunks and each point is written a handful of times.
/// </summary>
internal static class SeriesSealing
{
    public const int ChunkPointsMax = 8192;

    /// <summary>How many stored points would have to be written again.</summary>
    public static long Rewritten(MetricSeries series)
    {
        if (series.TailCount == 0)
        {
            return 0;
        }

        var points = 0L;
        for (var c = series.FirstChunkEndingFrom(series.InOrder(0)); c < series.Chunks.Count; c++)
        {
            var chunk = series.Chunks[c];
            points += series.CountUpTo(chunk.Last) > series.CountUpTo(chunk.First) ? chunk.Count : 0;
        }

        return points;
    }

    /// <param name="series">Stays as it is.</param>
    /// <param name="keep">How many of the newest points stay in memory, since stragglers come near the end.</param>
    /// <param name="open">Fetches and opens a chunk.</param>
    /// <returns><see langword="null"/> when nothing is to be put away.</returns>
    public static async Task<SealedSeries?> Seal(MetricSeries series, int keep, Func<SealedChunk, Task<SeriesPoints>> open)
    {
        var count = series.TailCount - keep;
        if (count <= 0)
        {
            return null;
        }

        var tail = new SeriesPoint[series.TailCount];
        for (var i = 0; i < tail.Length; i++)
        {
            tail[i] = series.InOrder(i);
        }

        var next = new List<SealedChunk>(series.Chunks.Count + (count / ChunkPointsMax) + 1);
        var free = new SortedSet<long>();
        var writing = new Dictionary<long, SeriesPoint[]>();
        var unused = series.Chunks.Count == 0 ? 0 : series.Chunks.Max(c => c.Number) + 1;
        var from = 0;
        for (var c = -1; c < series.Chunks.Count; c++)
        {
            var chunk = c < 0 ? null : series.Chunks[c];
            var to = c + 1 < series.Chunks.Count ? Math.Min(count, series.CountUpTo(series.Chunks[c + 1].First)) : count;
            if (to <= from)
            {
                if (chunk is not null)
                {
                    next.Add(chunk);
                }

                continue;
            }

            var piece = tail[from..to];
            from = to;
            if (chunk is not null && piece[0].CompareTo(chunk.Last) < 0)
            {
                piece = Merge(await Take(chunk), piece);
            }
            else if (chunk is not null)
            {
                next.Add(chunk);
            }

            while (next.Count > 0 && next[^1].Count <= piece.Length && next[^1].Count < ChunkPointsMax / 2)
            {
                var older = next[^1];
                next.RemoveAt(next.Count - 1);
                piece = [.. await Take(older), .. piece];
            }

            foreach (var points in Cut(piece))
            {
                var number = free.Count > 0 ? free.Min : unused++;
                free.Remove(number);
                writing[number] = points;
                next.Add(SealedChunk.Of(number, points));
            }
        }

        return new SealedSeries(
            new MetricSeries(series.Head, [.. next], [.. tail[count..].Select(p => p.Value)], [.. tail[count..].Select(p => p.Timestamp)], [.. tail[count..].Select(p => p.Step)]),
            [.. writing.OrderBy(w => w.Key).Select(w => (w.Key, Encode(w.Value)))]);

        async Task<SeriesPoint[]> Take(SealedChunk chunk)
        {
            free.Add(chunk.Number);
            if (writing.Remove(chunk.Number, out var unwritten))
            {
                return unwritten;
            }

            var opened = await open(chunk);
            return [.. Enumerable.Range(0, opened.Count).Select(i => opened[i])];
        }
    }

    public static byte[] Encode(ReadOnlySpan<SeriesPoint> points)
    {
        var (timestamps, steps, values) = (new long[points.Length], new long[points.Length], new double[points.Length]);
        for (var i = 0; i < points.Length; i++)
        {
            (timestamps[i], steps[i], values[i]) = (points[i].Timestamp, points[i].Step, points[i].Value);
        }

        return SeriesCodec.Encode(timestamps, steps, values);
    }

    private static SeriesPoint[] Merge(SeriesPoint[] a, SeriesPoint[] b)
    {
        var merged = new SeriesPoint[a.Length + b.Length];
        for (int i = 0, j = 0, at = 0; at < merged.Length; at++)
        {
            merged[at] = j == b.Length || (i < a.Length && a[i].CompareTo(b[j]) <= 0) ? a[i++] : b[j++];
        }

        return merged;
    }

    /// <summary>
    /// Cuts where the steps cross the roundest binary number, so that a chunk's steps fall into one bucket of a chart as often as possible.
    /// </summary>
    private static IEnumerable<SeriesPoint[]> Cut(SeriesPoint[] points)
    {
        var start = 0;
        while (points.Length - start > ChunkPointsMax)
        {
            var (best, height) = (start + ChunkPointsMax, -1);
            for (var at = start + ChunkPointsMax; at > start + (ChunkPointsMax / 2); at--)
            {
                var crossed = 63 - BitOperations.LeadingZeroCount((ulong)(points[at - 1].Step ^ points[at].Step));
                if (crossed > height)
                {
                    (best, height) = (at, crossed);
                }
            }

            yield return points[start..best];
            start = best;
        }

        yield return points[start..];
    }
}
