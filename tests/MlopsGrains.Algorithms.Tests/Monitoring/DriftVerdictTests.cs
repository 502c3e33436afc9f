using CsCheck;
using MlopsGrains.Algorithms.Monitoring;

namespace MlopsGrains.Algorithms.Tests.Monitoring;

public sealed class DriftVerdictTests
{
    [Theory]
    [InlineData(500, 500)]
    [InlineData(1000, 500)]
    [InlineData(2000, 2000)]
    public void CalibratedPsi_RaisesFewFalseAlarms(int n, int m)
    {
        const int Runs = 2_000;
        var random = new SeededRandom((ulong)(4_711 + n + m));
        var fired = 0;
        for (var run = 0; run < Runs; run++)
        {
            var reference = Uniform(random, n);
            var bins = ReferenceBins.Compute(reference, 10)!;
            fired += DistributionTest.PsiP(Count(bins, reference).ToBinCounts(), Count(bins, Uniform(random, m)).ToBinCounts()) <= 0.01 ? 1 : 0;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{fired} of {Runs} runs fired");
        Assert.InRange((double)fired / Runs, 0.004, 0.020);
    }

    [Fact]
    public void NoDrift_OverManyFeatures_RarelyFires()
    {
        var random = new SeededRandom(99);
        var fired = 0;
        for (var run = 0; run < 100; run++)
        {
            var features = Enumerable.Range(0, 20).Select(i => Feature($"f{i}", Uniform(random, 800), Uniform(random, 300))).ToArray();
            fired += DriftVerdict.Judge(features).Status == DriftStatus.Drift ? 1 : 0;
        }

        Assert.InRange(fired, 0, 3);
    }

    [Fact]
    public void ShiftedFeature_IsNamed_AndTheOthersAreNot()
    {
        var random = new SeededRandom(1);
        var verdict = DriftVerdict.Judge([
            Feature("still", Uniform(random, 1000), Uniform(random, 500)),
            Feature("moved", Uniform(random, 1000), [.. Uniform(random, 500).Select(x => x * x)])]);
        Assert.Equal(DriftStatus.Drift, verdict.Status);
        Assert.Equal([DriftStatus.NoDrift, DriftStatus.Drift], verdict.Features.Select(feature => feature.Status));
        Assert.Contains("the distribution moved", verdict.Features[1].Reason, StringComparison.Ordinal);
        Assert.Equal(0.5, verdict.DriftedShare);
    }

    [Fact]
    public void TinyShiftOfManyRows_IsSignificant_ButDoesNotPage()
    {
        var random = new SeededRandom(2);
        var verdict = DriftVerdict.Judge([Feature("x", Uniform(random, 50_000), [.. Uniform(random, 50_000).Select(x => Math.Pow(x, 1.1))])]).Features[0];
        Assert.True(verdict.Distribution.P < 1e-6);
        Assert.Equal((DriftStatus.NoDrift, "significant, but below the effect floor"), (verdict.Status, verdict.Reason));
    }

    [Fact]
    public void TooFewRows_SayNothing()
    {
        var random = new SeededRandom(3);
        var verdict = DriftVerdict.Judge([Feature("x", Uniform(random, 1000), Uniform(random, 49)), Feature("none", Uniform(random, 1000), [])]);
        Assert.Equal(DriftStatus.NotEnoughData, verdict.Status);
        Assert.All(verdict.Features, feature => Assert.Equal((null, "too few rows"), (feature.Distribution.Psi, feature.Reason)));
        Assert.Null(verdict.DriftedShare);
        Assert.Equal(DriftStatus.NotEnoughData, DriftVerdict.Judge([]).Status);
    }

    [Fact]
    public void Bins_AreJoined_UntilEachHoldsEnoughRows()
    {
        var random = new SeededRandom(4);
        Assert.Equal(4, DriftVerdict.Judge([Feature("x", Uniform(random, 1000), Uniform(random, 100))]).Features[0].Distribution.Bins);
        Assert.Equal(20, DriftVerdict.Judge([Feature("x", Uniform(random, 1000), Uniform(random, 500))]).Features[0].Distribution.Bins);
    }

    [Fact]
    public void MovedConstant_DriftsByRange()
    {
        var moved = DriftVerdict.Judge([Feature("x", [.. Enumerable.Repeat(5.0, 200)], [.. Enumerable.Repeat(5.5, 100)])]).Features[0];
        Assert.Equal((DriftStatus.Drift, "100.0 % outside the reference's range"), (moved.Status, moved.Reason));
        var still = DriftVerdict.Judge([Feature("x", [.. Enumerable.Repeat(5.0, 200)], [.. Enumerable.Repeat(5.0, 100)])]).Features[0];
        Assert.Equal(DriftStatus.NoDrift, still.Status);
    }

    [Fact]
    public void FewOutliersBesideASmallReference_AreNoNews()
    {
        var random = new SeededRandom(5);
        var fired = Enumerable.Range(0, 500).Count(_ =>
            DriftVerdict.Judge([Feature("x", Uniform(random, 100), Uniform(random, 100))]).Features[0].Reason.Contains("outside", StringComparison.Ordinal));
        Assert.InRange(fired, 0, 12);
    }

    [Fact]
    public void MissingRate_MustRiseByMoreThanNoise()
    {
        var random = new SeededRandom(6);
        var reference = Uniform(random, 1000);
        Assert.Equal((DriftStatus.Drift, "10.0 % missing, 0.0 % in the reference"), (Judge(50).Status, Judge(50).Reason));
        Assert.Equal((DriftStatus.NoDrift, "not significant"), (Judge(2).Status, Judge(2).Reason));

        FeatureVerdict Judge(int missing)
        {
            var bins = ReferenceBins.Compute(reference)!;
            var window = Count(bins, Uniform(random, 500 - missing));
            window.AddMissing(missing / 2);
            window.Add(Enumerable.Repeat(double.NaN, missing - (missing / 2)).ToArray());
            return DriftVerdict.Judge([FeatureComparison.Numeric("x", Count(bins, reference), window)]).Features[0];
        }
    }

    [Fact]
    public void NewCategory_Drifts_AndAnOldOneDoesNot()
    {
        var reference = Enumerable.Range(0, 600).Select(i => $"c{i % 3}").ToArray();
        var old = Categories(reference, [.. Enumerable.Range(0, 300).Select(i => $"c{i % 3}")]);
        Assert.Equal(DriftStatus.NoDrift, old.Status);
        var added = Categories(reference, [.. Enumerable.Range(0, 300).Select(i => i < 15 ? "crypto" : $"c{i % 3}")]);
        Assert.Equal((DriftStatus.Drift, "5.0 % in new categories"), (added.Status, added.Reason));
    }

    [Fact]
    public void Verdict_IsNeverNaN_WhateverTheCounts() =>
        Gen.Select(Gen.Double[-1, 1].Array[1, 300], Gen.Double[-2, 2].Array[0, 300], Gen.Int[0, 100]).Sample((reference, window, missing) =>
        {
            var bins = ReferenceBins.Compute(reference)!;
            var counted = Count(bins, window);
            counted.AddMissing(missing);
            var verdict = DriftVerdict.Judge([FeatureComparison.Numeric("x", Count(bins, reference), counted)]).Features[0];
            var (measured, feature) = (verdict.Distribution, verdict.Feature);
            double?[] numbers = [measured.Psi, measured.JensenShannonDistance, measured.P, measured.PAdjusted, feature.OutOfRangeShare, feature.MissingRate];
            Assert.All(numbers, number => Assert.True(number is null || double.IsFinite(number.Value)));
        });

    [Fact]
    public void FurtherTest_IsAClass_AndItsWordsReachTheVerdict()
    {
        var random = new SeededRandom(7);
        FeatureComparison[] features = [Feature("x", Uniform(random, 1000), Uniform(random, 500)), Feature("y", Uniform(random, 1000), Uniform(random, 500))];

        var verdict = DriftVerdict.Judge(features, tests: [.. DriftTests.All, new NamedTest("y")]);

        Assert.Equal([(DriftStatus.NoDrift, "not significant"), (DriftStatus.Drift, "called y")], verdict.Features.Select(f => (f.Status, f.Reason)));
    }

    [Fact]
    public void EveryTest_IsRegistered() => Assert.Equal(
        typeof(IDriftTest).Assembly.GetTypes().Where(t => t.IsClass && t.IsAssignableTo(typeof(IDriftTest))).Select(t => t.Name).Order(StringComparer.Ordinal),
        DriftTests.All.Select(t => t.GetType().Name).Order(StringComparer.Ordinal));

    [Fact]
    public void WrongLimits_AreRefusedByName() =>
        Assert.Throws<ArgumentOutOfRangeException>("Alpha", () => DriftVerdict.Judge([], new DriftRule { Alpha = 0 }));

    [Fact]
    public void BenjaminiHochberg_MatchesR()
    {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.5), "BH")
        double[] expected = [0.025, 0.05, 0.05, 0.025, 0.5];
        var actual = BenjaminiHochberg.Adjust([0.01, 0.04, 0.03, 0.005, 0.5]);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 12));
        Assert.Empty(BenjaminiHochberg.Adjust([]));
    }

    private static FeatureVerdict Categories(string?[] reference, string?[] window)
    {
        var bins = CategoryBins.Compute(reference);
        var (a, b) = (new CategoricalHistogram(bins), new CategoricalHistogram(bins));
        a.Add(reference);
        b.Add(window);
        return DriftVerdict.Judge([FeatureComparison.Categorical("x", a, b)]).Features[0];
    }

    private static FeatureComparison Feature(string name, double[] reference, double[] window)
    {
        var bins = ReferenceBins.Compute(reference)!;
        return FeatureComparison.Numeric(name, Count(bins, reference), Count(bins, window));
    }

    private static NumericHistogram Count(NumericBins bins, double[] values)
    {
        var histogram = new NumericHistogram(bins);
        histogram.Add(values);
        return histogram;
    }

    private static double[] Uniform(SeededRandom random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())];

    private sealed class NamedTest(string name) : IDriftTest
    {
        public IReadOnlyList<DriftFinding?> Judge(IReadOnlyList<FeatureComparison> features, DriftRule rule) =>
            [.. features.Select(f => f.Name == name ? new DriftFinding(DriftStatus.Drift, $"called {name}") : null)];
    }
}
