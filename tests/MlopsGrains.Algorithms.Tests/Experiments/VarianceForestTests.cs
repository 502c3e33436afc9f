using MlopsGrains.Algorithms.Experiments;

namespace MlopsGrains.Algorithms.Tests.Experiments;

public sealed class VarianceForestTests
{
    [Theory]
    [InlineData(60)]
    [InlineData(2000)]
    public void Shares_AreThoseOfTheFeaturesThatMoveTheTarget(int rows)
    {
        var random = new Random(7);
        double[] Column(Func<int, double> value) => [.. Enumerable.Range(0, rows).Select(value)];
        var (strong, weak, chance) = (Column(_ => random.NextDouble()), Column(i => i % 11 == 0 ? double.NaN : random.Next(4)), Column(_ => random.NextDouble()));
        var found = VarianceForest.Explain([strong, chance, weak], Column(i => (4 * strong[i]) + (double.IsNaN(weak[i]) ? 0 : 0.5 * weak[i]) + (0.1 * random.NextDouble())));

        Assert.InRange(found.Explained, rows == 60 ? 0.4 : 0.9, 1);
        Assert.InRange(found.Shares[0], 0.6, 0.97);
        Assert.InRange(found.Shares[1], 0, 0.05);
        Assert.True(found.Shares[2] > found.Shares[1]);
        Assert.Equal(1, found.Shares.Sum(), 9);
    }

    [Fact]
    public void NothingButChance_ExplainsNothing()
    {
        var random = new Random(7);
        double[] Chance() => [.. Enumerable.Range(0, 400).Select(_ => random.NextDouble())];
        IReadOnlyList<double[]> features = [Chance(), Chance(), Chance()];
        var target = Chance();

        Assert.InRange(VarianceForest.Explain(features, target).Explained, 0, 0.1);
        Assert.Equal(VarianceForest.Explain(features, target).Shares, VarianceForest.Explain(features, target).Shares);
    }

    [Fact]
    public void ConstantTarget_OrNoFeature_HasNoShares()
    {
        Assert.Equal((0, 0), (VarianceForest.Explain([new double[30]], new double[30]).Explained, VarianceForest.Explain([new double[30]], new double[30]).Shares[0]));
        Assert.Empty(VarianceForest.Explain([], [.. Enumerable.Range(0, 30).Select(i => (double)i)]).Shares);
        Assert.Throws<ArgumentOutOfRangeException>(() => VarianceForest.Explain([], new double[29]));
    }
}
