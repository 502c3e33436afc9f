using CsCheck;
using MlopsGrains.Algorithms.Experiments;

namespace MlopsGrains.Algorithms.Tests.Experiments;

public sealed class StepBucketsTests
{
    private static readonly Gen<SeriesPoint[]> Points = Gen.Select(
            Gen.Long[0, 50],
            Gen.Frequency((6, Gen.Long[-40, 300]), (1, Gen.Long), (1, Gen.OneOf(long.MinValue, long.MaxValue))),
            Gen.OneOf(Gen.Int[-5, 5].Select(v => (double)v), Gen.OneOf(double.NaN, double.PositiveInfinity, double.NegativeInfinity)),
            (t, s, v) => new SeriesPoint(t, s, v)).Array[1, 60];

    [Fact]
    public void NoSpikeIsLost_AndNoChartIsTooWide() => Gen.Select(Points, Gen.Int[2, 20]).Sample((points, bucketsMax) =>
    {
        var buckets = Count(points, bucketsMax);
        var list = buckets.ToList();

        Assert.InRange(list.Count, 1, bucketsMax);
        Assert.Equal(points.Length, list.Sum(b => b.Count));
        foreach (var group in points.GroupBy(p => list.Last(b => b.FirstStep <= p.Step)))
        {
            var numbers = group.Where(p => !double.IsNaN(p.Value)).ToList();
            Assert.Equal(group.Count(), group.Key.Count);
            Assert.Equal(group.Count() - numbers.Count, group.Key.NotANumber);
            Assert.Equal(numbers.Count == 0 ? null : numbers.Min(p => p.Value), group.Key.Min?.Value);
            Assert.Equal(numbers.Count == 0 ? null : numbers.Max(p => p.Value), group.Key.Max?.Value);
            Assert.All(group, p => Assert.True(unchecked((ulong)(p.Step - group.Key.FirstStep)) < buckets.Width));
        }
    });

    /// <summary>What is appended behind a bucket leaves it as it is while the width stays; when the width grows, a bucket is the sum of those it swallowed.</summary>
    [Fact]
    public void CompleteBucket_IsStableUnderAppend() => Gen.Select(Gen.Int[1, 300], Gen.Int[1, 300], Gen.Int[2, 20]).Sample((before, after, bucketsMax) =>
    {
        var all = Enumerable.Range(0, before + after).Select(i => new SeriesPoint(i, i, Math.Sin(i * 7))).ToArray();
        var (early, late) = (Count(all[..before], bucketsMax), Count(all, bucketsMax));

        Assert.True(late.Width >= early.Width);
        foreach (var bucket in late.ToList().Where(b => (ulong)b.FirstStep + late.Width <= (ulong)before))
        {
            var swallowed = early.ToList().Where(b => b.FirstStep >= bucket.FirstStep && (ulong)(b.FirstStep - bucket.FirstStep) < late.Width).ToList();
            Assert.Equal(bucket.Count, swallowed.Sum(b => b.Count));
            Assert.Equal(bucket.Min, swallowed.MinBy(b => b.Min!.Value.Value)!.Min);
            Assert.Equal(bucket.Max, swallowed.MaxBy(b => b.Max!.Value.Value)!.Max);
        }
    });

    private static StepBuckets Count(SeriesPoint[] points, int bucketsMax)
    {
        var buckets = StepBuckets.Over(points.Min(p => p.Step), points.Max(p => p.Step), bucketsMax);
        foreach (var point in points)
        {
            buckets.Add(point);
        }

        return buckets;
    }
}
