using CsCheck;
using MlopsGrains.Grains.Experiments.History;

namespace MlopsGrains.Grains.Tests.Experiments.History;

public sealed class MetricSeriesTests
{
    private static readonly Gen<(double Value, long Timestamp, long Step)[]> Points =
        Gen.Select(Gen.OneOf(-1, 0, 2.5, double.NaN, double.PositiveInfinity), Gen.Long[0, 3], Gen.Long[-1, 3]).Array[0, 30];

    [Fact]
    public void Summary_IsThatOfAllPoints_WithoutNaN() => Points.Sample(points =>
    {
        var series = new MetricSeries();
        var numbers = points.Distinct().Select(p => p.Value).Where(v => !double.IsNaN(v)).ToList();
        Array.ForEach(points, p => series.Add(p.Value, p.Timestamp, p.Step));

        var expected = numbers.Count == 0 ? default : new MetricSummary(numbers.Count, numbers.Min(), numbers.Max(), numbers.Sum());
        Assert.Equal(expected, series.Head.Numbers);
    });

    [Fact]
    public void ValueAt_IsTheLatestPointOfThatStep() => Points.SampleAsync(async points =>
    {
        var series = new MetricSeries();
        Array.ForEach(points, p => series.Add(p.Value, p.Timestamp, p.Step));

        for (var step = -2; step <= 4; step++)
        {
            var there = points.Where(p => p.Step == step).OrderBy(p => p.Timestamp).ThenBy(p => p.Value).ToList();
            Assert.Equal(there.Count == 0 ? null : there[^1].Value, await new SeriesReader(series, _ => throw new InvalidOperationException()).ValueAt(step));
        }
    });
}
