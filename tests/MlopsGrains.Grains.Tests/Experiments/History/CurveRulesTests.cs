using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;

namespace MlopsGrains.Grains.Tests.Experiments.History;

public sealed class CurveRulesTests
{
    [Theory]
    [InlineData(0, 1, 500, "runIds has 0 entries; expected 1–100.")]
    [InlineData(101, 1, 500, "runIds has 101 entries; expected 1–100.")]
    [InlineData(1, 0, 500, "keys has 0 entries; expected 1–500.")]
    [InlineData(1, 501, 500, "keys has 501 entries; expected 1–500.")]
    [InlineData(1, 1, 1, "buckets is 1; expected 2–10000.")]
    [InlineData(1, 1, 10_001, "buckets is 10001; expected 2–10000.")]
    [InlineData(11, 100, 2, "11 runs × 100 keys are 1100 curves; at most 1000.")]
    [InlineData(10, 100, 1_001, "1000 curves × 1001 buckets are 1001000; at most 1000000.")]
    public void MoreThanAChartShows_IsRefused(int runs, int keys, int buckets, string message) =>
        Assert.Equal(message, Assert.Throws<MlopsException>(() => CurveRules.Check(Query(runs, keys, buckets))).Message);

    [Fact]
    public void EndBeforeStart_IsRefused() =>
        Assert.Equal("start is 5 and end 4; the start comes first.", Assert.Throws<MlopsException>(() => CurveRules.Check(Query(1, 1, 2) with { Start = 5, End = 4 })).Message);

    [Fact]
    public void Repeats_CountOnce()
    {
        var query = CurveRules.Check(new CurveQuery(["a", "b", "a"], ["loss", "loss"]));
        Assert.Equal(["a", "b"], query.RunIds);
        Assert.Equal(["loss"], query.Keys);
    }

    private static CurveQuery Query(int runs, int keys, int buckets) =>
        new([.. Enumerable.Range(0, runs).Select(i => $"run{i}")], [.. Enumerable.Range(0, keys).Select(i => $"k{i}")], CurveAxis.Step, buckets);
}
