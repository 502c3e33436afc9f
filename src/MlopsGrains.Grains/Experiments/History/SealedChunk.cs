using MlopsGrains.Algorithms.Experiments;

namespace MlopsGrains.Grains.Experiments.History;

/// <summary>
/// What a run remembers of points that it has put away. Chunks of a series do not overlap in the order (timestamp, step, value), so a point can be in one only, and
/// charts need not open a chunk whose steps fall into one bucket.
/// </summary>
/// <param name="Number">Under which it is stored.</param>
/// <param name="Count">Points, at least 1.</param>
/// <param name="First">In order.</param>
/// <param name="Last">In order.</param>
/// <param name="StepMin">Lowest step.</param>
/// <param name="StepMax">Highest step.</param>
/// <param name="NotANumber">How many are NaN.</param>
/// <param name="Min">The lowest number, if there are any.</param>
/// <param name="Max">The highest number.</param>
internal sealed record SealedChunk(
    long Number, int Count, SeriesPoint First, SeriesPoint Last, long StepMin, long StepMax, long NotANumber, SeriesPoint? Min, SeriesPoint? Max)
{
    /// <summary>Of points in order.</summary>
    public static SealedChunk Of(long number, ReadOnlySpan<SeriesPoint> points)
    {
        var (stepMin, stepMax, notANumber) = (long.MaxValue, long.MinValue, 0L);
        SeriesPoint? min = null, max = null;
        foreach (var point in points)
        {
            stepMin = Math.Min(stepMin, point.Step);
            stepMax = Math.Max(stepMax, point.Step);
            if (double.IsNaN(point.Value))
            {
                notANumber++;
            }
            else
            {
                min = StepBuckets.Lower(min, point);
                max = StepBuckets.Higher(max, point);
            }
        }

        return new SealedChunk(number, points.Length, points[0], points[^1], stepMin, stepMax, notANumber, min, max);
    }

    /// <summary>Opens the stored bytes and holds them against what is remembered.</summary>
    /// <exception cref="InvalidDataException">They are damaged, or another chunk's.</exception>
    public SeriesPoints Open(ReadOnlySpan<byte> payload)
    {
        var points = SeriesCodec.Decode(payload);
        return points.Count == Count && points[0].Equals(First) && points[^1].Equals(Last)
            ? points
            : throw new InvalidDataException($"Chunk {Number} holds {points.Count} points other than the {Count} that the run put there.");
    }
}
