using System.Text.Json;
using MlopsGrains.Algorithms.Monitoring;

namespace MlopsGrains.Algorithms.Tests.Monitoring;

public sealed class CategoricalDriftVectorTests
{
    private const string File = "drift-vectors.json";

    public static TheoryData<string> Cases => Vectors.Ids(File, one => one.GetProperty("kind").GetString() == "categorical");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Histogram_CountsAsTheVector(string id)
    {
        var (reference, current, expected) = Load(id);
        var bins = CategoryBins.Compute(reference);
        var (a, b) = (new CategoricalHistogram(bins), new CategoricalHistogram(bins));
        a.Add(reference);
        b.Add(current);
        Assert.Equal(expected.GetProperty("ref_n").GetInt64(), a.Present);
        Assert.Equal(expected.GetProperty("cur_n").GetInt64(), b.Present);
        Assert.Equal(expected.GetProperty("ref_missing").GetInt64(), a.Missing);
        Assert.Equal(expected.GetProperty("cur_missing").GetInt64(), b.Missing);

        var names = expected.GetProperty("categories_codepoint_order").Strings();
        var (refCounts, curCounts) = (expected.GetProperty("ref_counts").Longs(), expected.GetProperty("cur_counts").Longs());
        var added = expected.GetProperty("new_categories").Strings();
        Assert.Equal(names.Except(added).Order(StringComparer.Ordinal), bins.Named.Order(StringComparer.Ordinal));
        for (var i = 0; i < bins.Named.Count; i++)
        {
            var at = Array.IndexOf(names, bins.Named[i]);
            Assert.Equal(refCounts[at], a.Named[i]);
            Assert.Equal(curCounts[at], b.Named[i]);
        }

        Assert.Equal(added.Sum(name => curCounts[Array.IndexOf(names, name)]), b.New);
        Assert.Equal(0, a.New);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Measures_MatchTheVector(string id)
    {
        var expected = Vectors.Case(File, id).GetProperty("expected");
        var (a, b) = (expected.GetProperty("ref_counts").Longs(), expected.GetProperty("cur_counts").Longs());
        BinnedExpectations.Same(expected.GetProperty("measures"), a, b);
        BinnedExpectations.Same(expected.GetProperty("chi2_contingency"), ChiSquare.Contingency(a, b));
        BinnedExpectations.Same(expected.GetProperty("chi2_goodness_of_fit"), ChiSquare.GoodnessOfFit(a, b));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EvidentlyMode_MatchesTheVector(string id)
    {
        var (reference, current, expected) = Load(id);
        BinnedExpectations.Same(expected.GetProperty("evidently_binned"), EvidentlyCompatible.Binned(reference, current));
        BinnedExpectations.Same(expected.GetProperty("evidently_default"), EvidentlyCompatible.Judge(reference, current));
    }

    private static (string?[] Reference, string?[] Current, JsonElement Expected) Load(string id)
    {
        var one = Vectors.Case(File, id);
        return (one.GetProperty("reference").Strings(), one.GetProperty("current").Strings(), one.GetProperty("expected"));
    }
}
