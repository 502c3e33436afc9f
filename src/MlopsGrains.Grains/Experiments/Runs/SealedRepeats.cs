using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>Points of a batch that may have been put away already. Only stragglers and repeats are suspects; the chunk that would hold one has to be opened to know.</summary>
internal static class SealedRepeats
{
    public readonly record struct Suspect(int Index, string Key, SealedChunk Chunk);

    public static IReadOnlyList<Suspect> Find(RunState state, MetricColumns points)
    {
        List<Suspect>? suspects = null;
        var series = new MetricSeries?[points.Keys.Length];
        for (var k = 0; k < series.Length; k++)
        {
            series[k] = state.Metrics.TryGetValue(points.Keys[k], out var known) && known.Chunks.Count > 0 ? known : null;
        }

        for (var i = 0; i < points.Count; i++)
        {
            var key = points.KeyIndexes[i];
            if (series[key]?.FindChunk(PointAt(points, i)) is { } chunk)
            {
                (suspects ??= []).Add(new Suspect(i, points.Keys[key], chunk));
            }
        }

        return suspects ?? [];
    }

    public static bool Holds(SeriesPoints chunk, SeriesPoint point)
    {
        int low = 0, high = chunk.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var compared = chunk[middle].CompareTo(point);
            if (compared == 0)
            {
                return true;
            }

            (low, high) = compared < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return false;
    }

    public static SeriesPoint PointAt(MetricColumns points, int index) => new(points.Timestamps[index], points.Steps[index], points.Values[index]);

    public static MetricColumns Without(MetricColumns points, HashSet<int> dropped)
    {
        int[] kept = [.. Enumerable.Range(0, points.Count).Where(i => !dropped.Contains(i))];
        return new MetricColumns(
            points.Keys,
            [.. kept.Select(i => points.KeyIndexes[i])],
            [.. kept.Select(i => points.Values[i])],
            [.. kept.Select(i => points.Timestamps[i])],
            [.. kept.Select(i => points.Steps[i])]);
    }
}
