using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <param name="Series">Those that changed, as they are once the chunks are stored.</param>
/// <param name="Chunks">To store together with a snapshot that has <paramref name="Series"/>.</param>
internal sealed record SealedRun(IReadOnlyDictionary<string, MetricSeries> Series, IReadOnlyList<SeriesChunk> Chunks);

/// <summary>
/// Which tails of a run are put away when it takes a snapshot. In memory stay at most about <see cref="TailPointsMax"/> points (24 bytes each), and in the snapshot what is too short for a
/// chunk of its own. The exception is a series whose points come in random order: it waits, up to <see cref="WaitingPointsMax"/> points, until rewriting its chunks pays.
/// </summary>
internal static class RunSealing
{
    public const int TailPointsMax = 32_768;
    public const int WaitingPointsMax = 262_144;

    /// <summary>A running series is put away from here; what it keeps is a quarter.</summary>
    private const int RunningPointsMin = 1024;

    /// <summary>A series of an ended run; below it the snapshot is the cheaper place.</summary>
    private const int EndedPointsMin = 256;

    /// <summary>When many short tails fill the memory, those from here go too.</summary>
    private const int CrowdedPointsMin = 64;

    private const int RewrittenPerPointMax = 8;

    /// <summary>In one snapshot; the journal takes 10,000, and what is left waits for the next.</summary>
    private const int ChunksMax = 4000;

    public static async Task<SealedRun> Seal(RunState state, Func<string, SealedChunk, Task<SeriesPoints>> open)
    {
        var ended = state.Status.HasEnded();
        var keep = ended ? 0 : Math.Min(RunningPointsMin / 4, TailPointsMax / 2 / Math.Max(1, state.Metrics.Count));
        var least = ended ? EndedPointsMin : RunningPointsMin;
        var (series, chunks) = (new Dictionary<string, MetricSeries>(StringComparer.Ordinal), new List<SeriesChunk>());
        var left = state.Metrics.Values.Sum(m => (long)m.TailCount);
        foreach (var (key, metric) in state.Metrics.Where(m => m.Value.TailCount >= CrowdedPointsMin).OrderByDescending(m => m.Value.TailCount).ToList())
        {
            if (chunks.Count >= ChunksMax || (metric.TailCount < least && left <= TailPointsMax) || !Pays(metric))
            {
                continue;
            }

            if (await SeriesSealing.Seal(metric, metric.TailCount < least ? 0 : keep, chunk => open(key, chunk)) is { } done)
            {
                left -= metric.TailCount - done.Series.TailCount;
                series.Add(key, done.Series);
                chunks.AddRange(done.Chunks.Select(c => new SeriesChunk(key, c.Number, c.Payload)));
            }
        }

        return new SealedRun(series, chunks);
    }

    private static bool Pays(MetricSeries metric) =>
        metric.TailCount >= WaitingPointsMax || SeriesSealing.Rewritten(metric) <= (long)RewrittenPerPointMax * Math.Max(metric.TailCount, SeriesSealing.ChunkPointsMax);
}
