using System.Globalization;
using System.Text.Json;
using MlopsGrains.Algorithms.Data;
using MlopsGrains.Algorithms.Monitoring;

namespace MlopsGrains.Algorithms.Tests.Monitoring;

public sealed class NumericDriftVectorTests
{
    private const string File = "drift-vectors.json";

    public static TheoryData<string> Cases => Vectors.Ids(File, one => one.GetProperty("kind").GetString() == "numeric");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Counts_AndSummary_MatchTheVector(string id)
    {
        var (reference, current, expected) = Load(id);
        Assert.Equal(expected.GetProperty("ref_n").GetInt32(), reference.Count(x => !double.IsNaN(x)));
        Assert.Equal(expected.GetProperty("cur_missing").GetInt32(), current.Count(double.IsNaN));
        SameSummary(id, expected.GetProperty("ref_summary"), NumericSummary.Of(reference));
        SameSummary(id, expected.GetProperty("cur_summary"), NumericSummary.Of(current));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void KolmogorovSmirnov_MatchesTheVector(string id)
    {
        var (reference, current, expected) = Load(id);
        var ks = expected.GetProperty("ks");
        var actual = KolmogorovSmirnov.Compare(reference, current);
        if (ks.IsNull())
        {
            Assert.Null(actual);
            return;
        }

        Vectors.Same(ks.GetProperty("statistic"), actual!.Statistic, what: "D");
        Assert.Equal(ks.GetProperty("statistic_fraction").Longs(), new[] { actual.Numerator, actual.Denominator });

        // The vectors stop counting paths above 3,000 rows; ours goes on to 10,000 a side, as scipy does.
        if (!ks.GetProperty("p_exact").IsNull())
        {
            Vectors.Same(ks.GetProperty("p_exact"), actual.PExact(), 1e-8, 1e-9, "p exact");
        }

        Vectors.Same(ks.GetProperty("p_scipy_auto"), actual.PAuto(), ks.GetProperty("scipy_auto_mode").GetString() == "exact" ? 1e-8 : 1e-6, 0, "p auto");
        Vectors.Same(ks.GetProperty("p_scipy_asymp"), actual.PAsymptotic(), 1e-6, 0, "p asymptotic");
        Vectors.Same(ks.GetProperty("p_kolmogorov_limit"), actual.PKolmogorovLimit(), 1e-8, 0, "p limit");
        Vectors.Same(ks.GetProperty("p_stephens"), actual.PStephens(), 1e-8, 0, "p Stephens");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void SampleDistances_MatchTheVector(string id)
    {
        var (reference, current, expected) = Load(id);
        var tolerance = Relative(id);
        Vectors.Same(expected.GetProperty("wasserstein"), SampleDistance.Wasserstein(reference, current), 1e-9, tolerance, "wasserstein");
        Vectors.Same(expected.GetProperty("wasserstein_over_ref_std"), SampleDistance.WassersteinOverReferenceStd(reference, current), 1e-9, tolerance, "over std");
        Vectors.Same(expected.GetProperty("energy_distance"), SampleDistance.Energy(reference, current), 1e-9, tolerance, "energy");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void BinnedMeasures_MatchTheVector(string id)
    {
        var (reference, current, expected) = Load(id);
        foreach (var bins in expected.GetProperty("bins").EnumerateArray())
        {
            var name = bins.GetProperty("name").GetString();
            var cuts = bins.GetProperty("cuts").Doubles();
            var sorted = Quantiles.SortFinite(reference);
            var own = name == "ref_deciles" ? ReferenceBins.QuantilesOf(sorted, 10) : ReferenceBins.EqualWidthOf(sorted, 10);
            Assert.Equal(cuts.Length, own.Length);
            for (var i = 0; i < cuts.Length; i++)
            {
                Assert.Equal(cuts[i], own[i], Math.Max(1e-9, Relative(id) * Math.Abs(cuts[i])));
            }

            var (a, b) = (NumericBins.CountInto(cuts, reference), NumericBins.CountInto(cuts, current));
            Assert.Equal(bins.GetProperty("ref_counts").Longs(), a);
            Assert.Equal(bins.GetProperty("cur_counts").Longs(), b);
            BinnedExpectations.Same(bins, a, b);
            BinnedExpectations.Same(bins.GetProperty("chi2_contingency"), ChiSquare.Contingency(a, b));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EvidentlyMode_MatchesTheVector(string id)
    {
        var (reference, current, expected) = Load(id);
        BinnedExpectations.Same(expected.GetProperty("evidently_binned"), EvidentlyCompatible.Binned(reference, current), Relative(id));
        BinnedExpectations.Same(expected.GetProperty("evidently_default"), EvidentlyCompatible.Judge(reference, current));
    }

    private static double Relative(string id) => id is "num-large-offset" or "num-extreme-outlier" ? 1e-6 : 1e-9;

    private static void SameSummary(string id, JsonElement expected, NumericSummary? actual)
    {
        if (expected.IsNull())
        {
            Assert.Null(actual);
            return;
        }

        var tolerance = Relative(id);
        Assert.Equal(expected.GetProperty("n").GetInt64(), actual!.Count);
        Vectors.Same(expected.GetProperty("mean"), actual.Mean, 1e-9, tolerance, "mean");
        Vectors.Same(expected.GetProperty("std_pop"), actual.StdPopulation, 1e-9, tolerance, "std");
        Vectors.Same(expected.GetProperty("std_sample"), actual.StdSample, 1e-9, tolerance, "sample std");
        Vectors.Same(expected.GetProperty("min"), actual.Min, what: "min");
        Vectors.Same(expected.GetProperty("max"), actual.Max, what: "max");
        foreach (var quantile in expected.GetProperty("q").EnumerateObject())
        {
            var q = double.Parse(quantile.Name, CultureInfo.InvariantCulture);
            Vectors.Same(quantile.Value, actual.Quantile(q), 1e-9, tolerance, "q" + quantile.Name);
        }

        Vectors.Same(expected.GetProperty("skewness_pop"), actual.SkewnessPopulation, 1e-6, 1e-6, "skewness");
        Vectors.Same(expected.GetProperty("kurtosis_excess_pop"), actual.KurtosisExcessPopulation, 1e-6, 1e-6, "kurtosis");
    }

    private static (double[] Reference, double[] Current, JsonElement Expected) Load(string id)
    {
        var one = Vectors.Case(File, id);
        var expected = one.GetProperty("expected");
        if (!one.TryGetProperty("generator", out var rule))
        {
            return (one.GetProperty("reference").Doubles(), one.GetProperty("current").Doubles(), expected);
        }

        return (Generate(rule, "seed_ref", "n_ref", 1), Generate(rule, "seed_cur", "n_cur", 1.02), expected);
    }

    private static double[] Generate(JsonElement rule, string seed, string count, double factor)
    {
        var a = ulong.Parse(rule.GetProperty("a").GetString()!, CultureInfo.InvariantCulture);
        var c = ulong.Parse(rule.GetProperty("c").GetString()!, CultureInfo.InvariantCulture);
        var state = rule.GetProperty(seed).GetUInt64();
        var values = new double[rule.GetProperty(count).GetInt32()];
        for (var i = 0; i < values.Length; i++)
        {
            state = unchecked((a * state) + c);
            values[i] = factor * ((state >> 11) / (double)(1UL << 53));
        }

        return values;
    }
}
