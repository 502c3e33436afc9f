using CsCheck;
using MlopsGrains.Algorithms.Monitoring;

namespace MlopsGrains.Algorithms.Tests.Monitoring;

public sealed class HistogramTests
{
    private static readonly Gen<double> AnyDouble = Gen.Frequency(
        (8, Gen.Double[-3, 3]),
        (1, Gen.Const(double.NaN)),
        (1, Gen.Int[0, 4].Select(i => new[] { double.PositiveInfinity, double.NegativeInfinity, 0.0, -0.0, double.MaxValue }[i])));

    [Fact]
    public void AnyTreeOfMerges_EqualsOnePass() =>
        Gen.Select(Gen.Double[-2, 2].Array[1, 200], AnyDouble.Array[0, 300], Gen.Int[0, 1_000_000]).Sample((reference, values, seed) =>
        {
            var bins = ReferenceBins.Compute(reference)!;
            var whole = new NumericHistogram(bins);
            whole.Add(values);
            var parts = MergeTree.Split(values, seed, part =>
            {
                var histogram = new NumericHistogram(bins);
                histogram.Add(part);
                return histogram;
            });
            var merged = MergeTree.Fold(parts, seed, (a, b) => a.Merge(b)) ?? new NumericHistogram(bins);
            Assert.Equal(whole.ToArray(), merged.ToArray());
            Assert.Equal(values.Length, merged.Rows);
            var stored = new NumericBins(bins.Minimum, bins.Maximum, bins.ToArray());
            Assert.Equal(merged.ToArray(), NumericHistogram.FromArray(stored, merged.ToArray()).ToArray());
        });

    [Fact]
    public void AnyTreeOfCategoryMerges_EqualsOnePass() =>
        Gen.Select(Gen.Int[0, 90].Array[0, 200], Gen.Int[-1, 120].Array[0, 300], Gen.Int[0, 1_000_000]).Sample((reference, values, seed) =>
        {
            var bins = CategoryBins.Compute(reference.Select(Name));
            var column = values.Select(Name).ToArray();
            var whole = new CategoricalHistogram(bins);
            whole.Add(column);
            var parts = MergeTree.Split(column, seed, part =>
            {
                var histogram = new CategoricalHistogram(bins);
                histogram.Add(part);
                return histogram;
            });
            var merged = MergeTree.Fold(parts, seed, (a, b) => a.Merge(b)) ?? new CategoricalHistogram(bins);
            Assert.Equal(whole.ToArray(), merged.ToArray());
            Assert.Equal(column.Count(value => value is not null && !reference.Select(Name).Contains(value)), merged.New);
        });

    [Fact]
    public void EveryFiniteReferenceValue_FallsInside()
    {
        var anyValue = Gen.OneOf(Gen.Double[-1e6, 1e6], Gen.Int[0, 5].Select(x => (double)x));
        Gen.Select(anyValue.Array[1, 400], Gen.Int[2, 30]).Sample((values, count) =>
        {
            var histogram = Counted(ReferenceBins.Compute(values, count)!, values);
            Assert.Equal(0, histogram.Below + histogram.Above);
            Assert.Equal(values.Length, histogram.Inside.ToArray().Sum());
            Assert.True(histogram.Inside[0] > 0);
        });
    }

    [Fact]
    public void ContinuousColumn_GetsEqualBins()
    {
        double[] values = [.. Enumerable.Range(0, 1000).Select(i => (double)i)];
        Assert.Equal(Enumerable.Repeat(50L, 20), Counted(ReferenceBins.Compute(values)!, values).Inside.ToArray());
    }

    [Fact]
    public void ZeroInflatedColumn_KeepsABinForTheRest()
    {
        double[] reference = [.. Enumerable.Repeat(0.0, 990), .. Enumerable.Range(1, 30).Select(i => (double)i)];
        var histogram = Counted(ReferenceBins.Compute(reference)!, reference);
        Assert.Equal(990, histogram.Inside[0]);
        Assert.True(histogram.Bins.Count >= 2);
    }

    [Fact]
    public void Constant_HasOneBin_AndSeesEveryMove()
    {
        var histogram = Counted(ReferenceBins.Compute([5, 5, 5])!, [5, 5.5, 4, double.NaN, double.PositiveInfinity]);
        Assert.Equal([1L], histogram.Inside.ToArray());
        Assert.Equal((1L, 1L, 2L, 5L), (histogram.Below, histogram.Above, histogram.NonFinite, histogram.Rows));
    }

    [Fact]
    public void NoFiniteReference_HasNoBins()
    {
        Assert.Null(ReferenceBins.Compute([]));
        Assert.Null(ReferenceBins.Compute([double.NaN, double.PositiveInfinity]));
        Assert.Equal(1, ReferenceBins.Compute([7])!.Count);
    }

    [Fact]
    public void TooManyCategories_AreOther_AndAnUnknownOneIsNewOnlyWhenThatIsKnown()
    {
        var some = new CategoricalHistogram(CategoryBins.Compute(Enumerable.Range(0, 100).Select(Name)));
        some.Add("c99");
        some.Add("never");
        some.Add((string?)null);
        Assert.Equal((64, 1L, 1L, 1L), (some.Named.Length, some.Other, some.New, some.Missing));

        var open = new CategoricalHistogram(CategoryBins.Compute(Enumerable.Range(0, 6000).Select(Name)));
        open.Add("never");
        Assert.Equal((1L, 0L), (open.Other, open.New));
    }

    [Fact]
    public void Joining_KeepsSums_AndReachesTheMinimum() =>
        Gen.Select(Gen.Long[0, 60].Array[1, 40], Gen.Int[1, 30], Gen.Long[0, 50], Gen.Bool).Sample((counts, maxBins, least, ordered) =>
        {
            var merge = ordered ? BinMerge.Neighbours(counts, maxBins, least) : BinMerge.Rarest(counts, maxBins, least);
            var merged = merge.Apply(counts);
            Assert.Equal(counts.Sum(), merged.Sum());
            Assert.True(merged.Length <= maxBins);
            Assert.True(merged.Length == 1 || merged.Min() >= least);
            if (ordered)
            {
                Assert.Equal(merge.Groups.ToArray().Order(), merge.Groups.ToArray());
            }
        });

    [Fact]
    public void WrongParts_AreRefusedByName()
    {
        var bins = new NumericBins(0, 1, [0.5]);
        Assert.Throws<ArgumentException>("cuts", () => new NumericBins(0, 1, [0.5, 0.5]));
        Assert.Throws<ArgumentException>("minimum", () => new NumericBins(double.NaN, 1, []));
        Assert.Throws<ArgumentException>("counts", () => NumericHistogram.FromArray(bins, [1, 2, 3]));
        Assert.Throws<ArgumentOutOfRangeException>("counts", () => NumericHistogram.FromArray(bins, [1, -2, 0, 0, 0, 0]));
        Assert.Throws<ArgumentException>("other", () => new NumericHistogram(bins).Merge(new NumericHistogram(new NumericBins(0, 2, [0.5]))));
        Assert.Throws<ArgumentException>("named", () => new CategoryBins(["a", "a"]));
    }

    private static string? Name(int i) => i < 0 ? null : $"c{i}";

    private static NumericHistogram Counted(NumericBins bins, double[] values)
    {
        var histogram = new NumericHistogram(bins);
        histogram.Add(values);
        return histogram;
    }
}
