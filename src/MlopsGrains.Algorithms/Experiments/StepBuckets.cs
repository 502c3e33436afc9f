namespace MlopsGrains.Algorithms.Experiments;

/// <summary>What a chart shows of the points whose steps lie in [<see cref="FirstStep"/>, <see cref="FirstStep"/> + width).</summary>
/// <param name="FirstStep">A multiple of the width.</param>
/// <param name="Count">Points, also those that are not numbers.</param>
/// <param name="NotANumber">How many of them are NaN.</param>
/// <param name="Min">The lowest number, the earliest of equals; <see langword="null"/> when all are NaN.</param>
/// <param name="Max">The highest number, the earliest of equals.</param>
public sealed record StepBucket(long FirstStep, long Count, long NotANumber, SeriesPoint? Min, SeriesPoint? Max);

/// <summary>
/// Lowest and highest point per bucket of steps, so that no spike is averaged away. Widths are powers of two and buckets begin at multiples of the width: a bucket that
/// got its last point never changes, whatever is appended later, until the range outgrows the chart and two neighbours become one.
/// </summary>
public sealed class StepBuckets
{
    private readonly Dictionary<long, StepBucket> buckets = [];
    private readonly int shift;

    private StepBuckets(int shift) => this.shift = shift;

    /// <summary>How many steps a bucket spans: 2^0 to 2^63.</summary>
    public ulong Width => 1UL << shift;

    /// <summary>Buckets as narrow as possible for steps from <paramref name="first"/> to <paramref name="last"/>.</summary>
    /// <param name="first">Lowest step.</param>
    /// <param name="last">Highest step.</param>
    /// <param name="bucketsMax">At least 2.</param>
    public static StepBuckets Over(long first, long last, int bucketsMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bucketsMax, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        var shift = 0;
        while (unchecked((ulong)((last >> shift) - (first >> shift))) >= (ulong)bucketsMax)
        {
            shift++;
        }

        return new StepBuckets(shift);
    }

    /// <summary>Whether steps from <paramref name="first"/> to <paramref name="last"/> fall into one bucket, so that their summary is enough.</summary>
    public bool IsOne(long first, long last) => first >> shift == last >> shift;

    /// <summary>Counts one point.</summary>
    public void Add(SeriesPoint point) => Add(point.Step, point);

    /// <summary>Counts one point at another place than its step, such as its time: what is said of steps holds for these places.</summary>
    public void Add(long at, SeriesPoint point)
    {
        var number = double.IsNaN(point.Value) ? (SeriesPoint?)null : point;
        Add(at, 1, number is null ? 1 : 0, number, number);
    }

    /// <summary>Counts points of which all steps lie in the bucket of <paramref name="step"/>.</summary>
    public void Add(long step, long count, long notANumber, SeriesPoint? min, SeriesPoint? max)
    {
        var first = step >> shift << shift;
        buckets[first] = buckets.TryGetValue(first, out var bucket)
            ? new StepBucket(first, bucket.Count + count, bucket.NotANumber + notANumber, Lower(bucket.Min, min), Higher(bucket.Max, max))
            : new StepBucket(first, count, notANumber, min, max);
    }

    /// <summary>The buckets that have points, by step.</summary>
    public IReadOnlyList<StepBucket> ToList() => [.. buckets.Values.OrderBy(b => b.FirstStep)];

    /// <summary>The lower of two points; of equal ones the earlier by step and timestamp.</summary>
    public static SeriesPoint? Lower(SeriesPoint? a, SeriesPoint? b) =>
        a is not { } x ? b : b is not { } y ? a : x.Value < y.Value || (x.Value == y.Value && IsEarlier(x, y)) ? a : b;

    /// <summary>The higher of two points; of equal ones the earlier by step and timestamp.</summary>
    public static SeriesPoint? Higher(SeriesPoint? a, SeriesPoint? b) =>
        a is not { } x ? b : b is not { } y ? a : x.Value > y.Value || (x.Value == y.Value && IsEarlier(x, y)) ? a : b;

    private static bool IsEarlier(SeriesPoint a, SeriesPoint b) => a.Step < b.Step || (a.Step == b.Step && a.Timestamp <= b.Timestamp);
}
