using CsCheck;
using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Tests.Data;

public sealed class ProfileTests
{
    [Fact]
    public void AnyTreeOfMerges_ProfilesAsOnePass() =>
        Gen.Select(Gen.Int[-2, 40].Array[0, 300], Gen.Int[0, 1_000_000]).Sample((raw, seed) =>
        {
            var values = raw.Select(x => x == -2 ? (double?)null : x == -1 ? double.NaN : x / 8.0).ToArray();
            var whole = Profile(values);
            var merged = MergeTree.Fold(MergeTree.Split(values, seed, Profile), seed, (a, b) => a.Merge(b)) ?? new NumericColumnProfile();
            Assert.Equal(
                (whole.Rows, whole.Missing, whole.NonFinite, whole.Zeros, whole.Min, whole.Max, whole.Distinct.Count),
                (merged.Rows, merged.Missing, merged.NonFinite, merged.Zeros, merged.Min, merged.Max, merged.Distinct.Count));
            Assert.Equal(whole.Mean ?? 0, merged.Mean ?? 0, 1e-12);
            Assert.Equal(whole.Std ?? -1, merged.Std ?? -1, 1e-12);
            var finite = values.OfType<double>().Where(double.IsFinite).ToArray();
            Assert.Equal(NumericSummary.Of(finite)?.StdSample ?? -1, merged.Std ?? -1, 1e-12);
            Assert.Equal(finite.Distinct().Count(), merged.Distinct.Count);
        });

    [Fact]
    public void AnyTreeOfTextMerges_ProfilesAsOnePass() =>
        Gen.Select(Gen.Int[-1, 60].Array[0, 300], Gen.Int[0, 1_000_000]).Sample((raw, seed) =>
        {
            var values = raw.Select(x => x < 0 ? null : new string('x', x % 7) + (x % 5)).ToArray();
            var whole = Profile(values);
            var merged = MergeTree.Fold(MergeTree.Split(values, seed, Profile), seed, (a, b) => a.Merge(b)) ?? new TextColumnProfile();
            Assert.Equal((whole.Rows, whole.Missing, whole.MinLength, whole.MaxLength, whole.Distinct.Count), (merged.Rows, merged.Missing, merged.MinLength, merged.MaxLength, merged.Distinct.Count));
            Assert.Equal(whole.Categories.Top(50), merged.Categories.Top(50));
            Assert.True(merged.Categories.IsExact);
        });

    [Fact]
    public void EmptyColumn_IsUndefined_NotZero()
    {
        var numeric = Profile(new double?[] { null, double.NaN, double.PositiveInfinity });
        Assert.Equal((null, null, null, null), (numeric.Mean, numeric.Std, numeric.Min, numeric.Max));
        Assert.Null(Profile(new string?[] { null }).MinLength);
        Assert.Null(NumericSummary.Of([]));
        Assert.Null(Quantiles.Of([], 0.5));
        Assert.Equal((7.0, null), (Profile(new double?[] { 7 }).Mean, Profile(new double?[] { 7 }).Std));
    }

    [Fact]
    public void HyperLogLog_IsWithinFourPointSevenPercent_OfAHundredThousand()
    {
        var missed = 0;
        for (var run = 0; run < 200; run++)
        {
            var sketch = new HyperLogLog();
            var random = new SeededRandom((ulong)run);
            for (var i = 0; i < 100_000; i++)
            {
                sketch.Add(random.NextBits());
            }

            missed += Math.Abs((sketch.Estimate() / 100_000) - 1) > 0.047 ? 1 : 0;
        }

        Assert.InRange(missed, 0, 2);
    }

    [Fact]
    public void DistinctCounter_MergesAsOnePass_AcrossItsLimit()
    {
        foreach (var count in new[] { 0, 10, 1024, 1025, 5000 })
        {
            var (whole, left, right) = (new DistinctCounter(), new DistinctCounter(), new DistinctCounter());
            for (var i = 0; i < count; i++)
            {
                whole.Add(StableHash.Of((double)i));
                (i % 2 == 0 ? left : right).Add(StableHash.Of((double)i));
            }

            var merged = left.Merge(right);
            Assert.Equal((whole.IsExact, whole.Count), (merged.IsExact, merged.Count));
            Assert.Equal(whole.ToSketch().ToArray(), merged.ToSketch().ToArray());
            Assert.InRange(merged.Count, count * 0.95, count * 1.05);
        }
    }

    [Fact]
    public void TopCategories_NeverUndercount_AndKeepTheHeavyOnes()
    {
        var (top, truth, random) = (new TopCategories(), new Dictionary<string, long>(), new SeededRandom(5));
        for (var i = 0; i < 50_000; i++)
        {
            var name = random.Next(10) < 3 ? $"heavy{random.Next(5)}" : $"rare{random.Next(20_000)}";
            truth[name] = truth.GetValueOrDefault(name) + 1;
            top.Add(name);
        }

        Assert.False(top.IsExact);
        Assert.All(top.Top(1024), one => Assert.InRange(truth[one.Name], one.Count - one.MaxError, one.Count));
        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"heavy{i}"), top.Top(5).Select(one => one.Name).Order(StringComparer.Ordinal));
    }

    private static NumericColumnProfile Profile(double?[] values)
    {
        var profile = new NumericColumnProfile();
        Array.ForEach(values, profile.Add);
        return profile;
    }

    private static TextColumnProfile Profile(string?[] values)
    {
        var profile = new TextColumnProfile();
        Array.ForEach(values, profile.Add);
        return profile;
    }
}
