using CsCheck;
using MlopsGrains.Algorithms.Experiments;

namespace MlopsGrains.Algorithms.Tests.Experiments;

public sealed class SignificanceTests
{
    /// <summary>Student's own soporific data (1908), as R ships it in <c>sleep</c>: extra hours of sleep with two drugs.</summary>
    private static readonly double[] DrugOne = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];

    private static readonly double[] DrugTwo = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    /// <summary>Two-sided critical values of Student's t as printed in every table.</summary>
    [Theory]
    [InlineData(0.95, 1, 12.706)]
    [InlineData(0.95, 4, 2.776)]
    [InlineData(0.95, 9, 2.262)]
    [InlineData(0.95, 30, 2.042)]
    [InlineData(0.99, 4, 4.604)]
    [InlineData(0.90, 9, 1.833)]
    [InlineData(0.95, 1000, 1.962)]
    public void Interval_IsThatOfStudentsTable(double confidence, int degrees, double critical)
    {
        var values = Enumerable.Range(0, degrees + 1).Select(i => (double)i).ToArray();
        var estimate = SampleEstimate.Of(values, confidence)!;

        Assert.Equal(critical, (estimate.High!.Value - estimate.Mean) / (estimate.StandardDeviation!.Value / Math.Sqrt(values.Length)), 0.0006);
        Assert.Equal(estimate.Mean - estimate.Low!.Value, estimate.High.Value - estimate.Mean, 1e-9);
    }

    /// <summary>R's documented answer of <c>t.test(extra ~ group, data = sleep)</c>: t = -1.8608, df = 17.776, p = 0.07939, 95 % interval -3.3654832 to 0.2054832.</summary>
    [Fact]
    public void Welch_OfTheSleepData_IsThatOfR()
    {
        var test = WelchTest.Compare(DrugOne, DrugTwo, 0.95)!;

        Assert.Equal(1.58, test.Difference, 1e-12);
        Assert.Equal(1.8608, test.Statistic, 5e-5);
        Assert.Equal(17.776, test.DegreesOfFreedom, 5e-4);
        Assert.Equal(0.07939, test.P, 5e-6);
        Assert.Equal(-0.2054832, test.Low, 5e-8);
        Assert.Equal(3.3654832, test.High, 5e-8);
        Assert.Equal(0.8321811 * (1 - (3.0 / 71)), test.HedgesG, 1e-6);
    }

    /// <summary>The example of R's manual page of <c>wilcox.test</c> (Hollander and Wolfe 1973, p. 69): W = 35, exact one-sided p = 0.1272.</summary>
    [Fact]
    public void MannWhitney_OfHollanderAndWolfe_IsExact()
    {
        double[] atTerm = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        double[] early = [1.15, 0.88, 0.90, 0.74, 1.21];
        var test = MannWhitneyTest.Compare(early, atTerm)!;

        Assert.Equal(35, test.Statistic);
        Assert.Equal(2 * 0.1272, test.P, 1e-4);
        Assert.Equal(0.7, test.Superiority, 1e-12);
    }

    /// <summary>Table of critical values of U (two-sided 0.05): 2 for n = m = 5, 23 for n = m = 10.</summary>
    [Theory]
    [InlineData(5, 2)]
    [InlineData(10, 23)]
    [InlineData(20, 127)]
    public void MannWhitney_CriticalValue_IsThatOfTheTable(int size, int critical)
    {
        Assert.True(P(critical) <= 0.05);
        Assert.True(P(critical + 1) > 0.05);

        // Samples without ties in which the second one's U is what is asked: each of its lowest values passes as many of the first as it must.
        double P(int u)
        {
            var first = Enumerable.Range(0, size).Select(i => i * 2.0).ToArray();
            var second = Enumerable.Range(0, size).Select(i => -1 - (i / 100.0)).ToArray();
            for (var (at, left) = (0, u); left > 0; at++)
            {
                var passes = Math.Min(left, size);
                second[at] = (passes * 2) - 1 - (at / 100.0);
                left -= passes;
            }

            var test = MannWhitneyTest.Compare(first, second)!;
            Assert.Equal(u, test.Statistic);
            return test.P;
        }
    }

    [Fact]
    public void MannWhitney_WithTies_IsTheCorrectedNormalApproximation()
    {
        // By hand: U = 14 of 16 pairs, two pairs of equal values, σ² = 16/12 · (9 − 12/56) = 11.714, z = (14 − 8 − 0.5)/σ = 1.607; the normal table says 0.1081.
        var test = MannWhitneyTest.Compare([1, 2, 3, 4], [3, 4, 5, 6.0])!;

        Assert.Equal(14, test.Statistic);
        Assert.Equal(0.1081, test.P, 2e-4);
    }

    [Fact]
    public void SmallOrConstantSamples_HaveNoTest_OrACertainOne()
    {
        Assert.Null(SampleEstimate.Of([], 0.95));
        Assert.Equal(new SampleEstimate(1, 3, null, null, null), SampleEstimate.Of([3], 0.95));
        Assert.Null(WelchTest.Compare([1], [1, 2], 0.95));
        Assert.Null(MannWhitneyTest.Compare([], [1]));
        Assert.Equal((1, 0), (WelchTest.Compare([2, 2], [2, 2], 0.95)!.P, WelchTest.Compare([2, 2], [2, 2], 0.95)!.HedgesG));
        Assert.Equal((0, double.PositiveInfinity), (WelchTest.Compare([2, 2], [3, 3], 0.95)!.P, WelchTest.Compare([2, 2], [3, 3], 0.95)!.HedgesG));
        Assert.Equal(1, MannWhitneyTest.Compare([2, 2], [2, 2])!.P);
    }

    [Fact]
    public void SwappedSamples_GiveTheSameProbability() =>
        Gen.Select(Gen.Double[-5, 5].Array[2, 40], Gen.Double[-5, 5].Array[2, 40]).Sample((x, y) =>
        {
            var (there, back) = (WelchTest.Compare(x, y, 0.9)!, WelchTest.Compare(y, x, 0.9)!);
            var (up, down) = (MannWhitneyTest.Compare(x, y)!, MannWhitneyTest.Compare(y, x)!);

            Assert.Equal(there.P, back.P, 1e-9);
            Assert.Equal(there.Difference, -back.Difference, 1e-9);
            Assert.InRange(there.Difference, there.Low, there.High);
            Assert.Equal(up.P, down.P, 1e-9);
            Assert.Equal(1, up.Superiority + down.Superiority, 1e-9);
            Assert.InRange(up.P, 0, 1);
        });
}
