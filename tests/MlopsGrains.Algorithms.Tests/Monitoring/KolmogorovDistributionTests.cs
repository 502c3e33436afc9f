using CsCheck;
using MlopsGrains.Algorithms.Monitoring;

namespace MlopsGrains.Algorithms.Tests.Monitoring;

public sealed class KolmogorovDistributionTests
{
    [Fact]
    public void ThreeWaysToTheTail_AgreeWhereTheyMeet()
    {
        foreach (var d in new[] { 0.02, 0.04, 0.06, 0.0774 })
        {
            Assert.Equal(KolmogorovDistribution.MarsagliaTsangWang(500, d), KolmogorovDistribution.PelzGood(500, d), 1e-6);
        }

        Assert.Equal(1 - KolmogorovDistribution.MarsagliaTsangWang(300, 0.1), 2 * KolmogorovDistribution.SmirnovTail(0.1, 300), 1e-9);

        // The example of Marsaglia, Tsang and Wang's paper.
        Assert.Equal(0.6284796, KolmogorovDistribution.MarsagliaTsangWang(10, 0.274), 1e-6);
    }

    [Fact]
    public void Tail_FallsFromOneToZero() =>
        Gen.Select(Gen.Int[1, 3000], Gen.Double[0, 1], Gen.Double[0, 1]).Sample(
            (n, a, b) =>
            {
                var (low, high) = (Math.Min(a, b), Math.Max(a, b));
                var (first, second) = (KolmogorovDistribution.OneSampleTail(low, n), KolmogorovDistribution.OneSampleTail(high, n));
                Assert.InRange(first, 0, 1);
                Assert.True(second <= first + 1e-7, $"n={n}: P({low})={first} < P({high})={second}");
            },
            iter: 300);
}
