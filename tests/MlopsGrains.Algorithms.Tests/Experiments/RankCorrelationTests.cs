using MlopsGrains.Algorithms.Experiments;

namespace MlopsGrains.Algorithms.Tests.Experiments;

public sealed class RankCorrelationTests
{
    [Theory]
    [InlineData(new[] { 1.0, 2, 3, 4 }, new[] { 1.0, 10, 100, 1000 }, 1.0)]
    [InlineData(new[] { 1.0, 2, 3, 4 }, new[] { 4.0, 3, 2, 1 }, -1.0)]
    [InlineData(new[] { 1.0, 2, 3, 4, 5 }, new[] { 5.0, 6, 7, 8, 7 }, 0.8207826816681233)] // scipy.stats.spearmanr
    [InlineData(new[] { 1.0, double.NaN, 3 }, new[] { 1.0, 2, 3 }, 1.0)]
    [InlineData(new[] { 1.0, 1 }, new[] { 1.0, 2 }, null)]
    [InlineData(new[] { 1.0 }, new[] { 1.0 }, null)]
    public void Correlation_IsSpearmans(double[] x, double[] y, double? expected) =>
        Assert.Equal(expected ?? double.NaN, RankCorrelation.Of(x, y) ?? double.NaN, 12);
}
