using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.History;

/// <summary>Where points stand on a chart.</summary>
/// <param name="By">Steps or time.</param>
/// <param name="Origin">Unix milliseconds that count as zero; 0 for steps.</param>
internal readonly record struct SeriesAxis(CurveAxis By, long Origin)
{
    public static SeriesAxis Steps { get; } = new(CurveAxis.Step, 0);

    public static SeriesAxis Of(CurveAxis by, long startTime) => new(by, by == CurveAxis.Relative ? Math.Max(0, startTime) : 0);

    public long At(SeriesPoint point) => By == CurveAxis.Step ? point.Step : point.Timestamp - Origin;

    /// <summary>First and last place of a chunk's points, which are ordered by time.</summary>
    public (long First, long Last) Of(SealedChunk chunk) => By == CurveAxis.Step ? (chunk.StepMin, chunk.StepMax) : (At(chunk.First), At(chunk.Last));

    /// <summary>First and last place of all points, of which there is one at least.</summary>
    public (long First, long Last) Of(MetricSeries series)
    {
        if (By == CurveAxis.Step)
        {
            return (series.Head.StepMin, series.Head.StepMax);
        }

        var first = Math.Min(
            series.Chunks.Count > 0 ? series.Chunks[0].First.Timestamp : long.MaxValue,
            series.TailCount > 0 ? series.InOrder(0).Timestamp : long.MaxValue);
        return (first - Origin, series.Head.TimestampMax - Origin);
    }
}
