using MlopsGrains.Monitoring;
using MlopsGrains.Web.Monitoring;

namespace MlopsGrains.Web.Tests.Monitoring;

public sealed class FeatureNumbersTests
{
    /// <summary>Four bins from 0 to 40, then below, above, missing, not finite.</summary>
    private static readonly FeatureCounts Numbers = new("age", [0, 10, 20, 30, 40], null, [25, 25, 25, 25, 0, 0, 0, 0], [0, 0, 50, 0, 10, 20, 15, 5]);

    private static readonly FeatureCounts Texts = new("town", null, ["Bern", "Basel"], [60, 40, 0, 0, 0], [10, 50, 0, 30, 10]);

    [Theory]
    [InlineData(0.05, 2)]
    [InlineData(0.5, 20)]
    [InlineData(0.95, 38)]
    public void Quantile_IsLinearWithinABin(double p, double expected) => Assert.Equal(expected, FeatureNumbers.Quantile(Numbers, Numbers.Reference, p)!.Value, 9);

    [Theory]
    [InlineData(0.05, "< 0")]
    [InlineData(0.5, "26")]
    [InlineData(0.95, "> 40")]
    public void Quantile_OutsideOfTheRange_SaysOnlyThat(double p, string shown) => Assert.Equal(shown, FeatureNumbers.Shows(Numbers, FeatureNumbers.Quantile(Numbers, Numbers.Window, p)));

    [Fact]
    public void Quantile_WithoutValues_IsNone() => Assert.Null(FeatureNumbers.Quantile(Numbers, [0, 0, 0, 0, 0, 0, 7, 0], 0.5));

    [Fact]
    public void Shares_AreOfWhatTheyAreCalled()
    {
        Assert.Equal((0.2, 0.375), (FeatureNumbers.MissingShare(Numbers, Numbers.Window), FeatureNumbers.OutsideShare(Numbers, Numbers.Window)));
        Assert.Equal(0.1, FeatureNumbers.MissingShare(Texts, Texts.Window));
        Assert.Equal(1 / 3.0, FeatureNumbers.OutsideShare(Texts, Texts.Window)!.Value, 9);
    }

    [Fact]
    public void Moved_NamesTheMedian_OrTheCategoryThatChangedMost()
    {
        Assert.Equal("median 20 → 26", FeatureNumbers.Moved(Numbers));
        Assert.Equal("Bern 60 % → 10 %", FeatureNumbers.Moved(Texts));
        Assert.Null(FeatureNumbers.Moved(Texts with { Window = [0, 0, 0, 0, 0] }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bars_AddUpToAll(bool byBins) => Assert.All([Numbers, Texts], feature =>
    {
        var bars = FeatureBars.Of(feature, byBins);

        Assert.Equal(1, bars.Sum(b => b.Reference), 9);
        Assert.Equal(1, bars.Sum(b => b.Window), 9);
        Assert.DoesNotContain(bars, b => b.IsBeside && b.Reference == 0 && b.Window == 0);
    });

    [Fact]
    public void Bars_OfABinThinnerThanRounding_AreNotLost()
    {
        var spike = new FeatureCounts("zeros", [-1e-300, 1e-300, 1000], null, [90, 10, 0, 0, 0, 0], [50, 50, 0, 0, 0, 0]);

        var bars = FeatureBars.Of(spike, byBins: false);

        Assert.Equal(1, bars.Sum(b => b.Window), 9);
        Assert.Equal(0.9, bars[0].Reference, 1);
    }

    [Fact]
    public void Bars_OfManyCategories_LeaveTheRareOnesInOne()
    {
        string[] names = [.. Enumerable.Range(0, 40).Select(i => $"c{i}")];
        var many = new FeatureCounts("code", null, names, [.. Enumerable.Range(1, 40).Select(i => (long)i), 0, 0, 0], [.. Enumerable.Repeat(1L, 40), 0, 0, 0]);

        var bars = FeatureBars.Of(many, byBins: false);

        Assert.Equal((13, "28 more"), (bars.Count, bars[^1].Label));
        Assert.Equal(1, bars.Sum(b => b.Reference), 9);
    }
}
