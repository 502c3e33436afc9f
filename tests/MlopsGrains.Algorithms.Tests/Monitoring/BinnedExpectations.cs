using System.Text.Json;
using MlopsGrains.Algorithms.Data;
using MlopsGrains.Algorithms.Monitoring;

namespace MlopsGrains.Algorithms.Tests.Monitoring;

/// <summary>Compares measures over integer counts with a vector's.</summary>
internal static class BinnedExpectations
{
    private delegate double? Measure(ReadOnlySpan<long> reference, ReadOnlySpan<long> current);

    public static void Same(JsonElement expected, long[] reference, long[] current)
    {
        Check("psi_floor_eps", BinnedDistance.Psi);
        Check("js_divergence_base2", BinnedDistance.JensenShannonDivergence);
        Check("js_distance_base2", BinnedDistance.JensenShannonDistance);
        Check("js_distance_base_e", BinnedDistance.JensenShannonDistanceNatural);
        Check("hellinger", BinnedDistance.Hellinger);
        Check("total_variation", BinnedDistance.TotalVariation);
        Check("l_infinity", BinnedDistance.LInfinity);
        Check("kl_ref_cur_floor_eps_nats", BinnedDistance.KullbackLeibler);

        void Check(string name, Measure measure)
        {
            var actual = measure(reference, current);
            if (expected.IsNull())
            {
                Assert.Null(actual);
                return;
            }

            Vectors.Same(expected.GetProperty(name), actual, what: name);
        }
    }

    public static void Same(JsonElement expected, ChiSquareResult? actual)
    {
        if (expected.IsNull())
        {
            Assert.Null(actual);
            return;
        }

        Vectors.Same(expected.GetProperty("statistic"), actual!.Statistic, what: "chi-square");
        Vectors.Same(expected.GetProperty("p"), actual.P, 1e-8, 0, "chi-square p");
        Assert.Equal(expected.GetProperty("dof").GetInt32(), actual.DegreesOfFreedom);
        if (expected.TryGetProperty("min_expected", out var least))
        {
            Vectors.Same(least, actual.MinExpected, what: "min expected");
        }
    }

    public static void Same(JsonElement expected, EvidentlyBinned? actual, double relative = 1e-9)
    {
        if (expected.IsNull())
        {
            Assert.Null(actual);
            return;
        }

        Assert.Equal(expected.GetProperty("binning").GetString() == "per_value", actual!.Edges is null);
        if (actual.Edges is { } edges)
        {
            var wanted = expected.GetProperty("edges").Doubles();
            Assert.Equal(wanted.Length, edges.Count);
            for (var i = 0; i < wanted.Length; i++)
            {
                Assert.Equal(wanted[i], edges[i], Math.Max(1e-9, relative * Math.Abs(wanted[i])));
            }
        }

        Vectors.Same(expected.GetProperty("psi"), actual.Psi, what: "psi");
        Vectors.Same(expected.GetProperty("js_distance_base_e"), actual.JensenShannonDistance, what: "js");
        Vectors.Same(expected.GetProperty("kl"), actual.KullbackLeibler, what: "kl");
    }

    public static void Same(JsonElement expected, EvidentlyVerdict? actual)
    {
        if (expected.IsNull())
        {
            Assert.Null(actual);
            return;
        }

        var test = actual!.Test switch
        {
            EvidentlyTest.KolmogorovSmirnov => "ks",
            EvidentlyTest.ChiSquare => "chisquare",
            EvidentlyTest.ZTest => "z",
            EvidentlyTest.Wasserstein => "wasserstein",
            _ => "jensenshannon",
        };
        Assert.Equal(expected.GetProperty("test").GetString(), test);
        Vectors.Same(expected.GetProperty("score"), actual.Score, 1e-8, 1e-9, test);
        Vectors.Same(expected.GetProperty("threshold"), actual.Threshold);
        Assert.Equal(expected.GetProperty("drift").GetBoolean(), actual.Drift);
    }
}
