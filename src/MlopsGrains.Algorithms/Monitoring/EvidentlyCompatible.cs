using MathNet.Numerics;
using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>Which test Evidently picks by itself.</summary>
public enum EvidentlyTest
{
    /// <summary>Two-sample Kolmogorov-Smirnov; the score is p.</summary>
    KolmogorovSmirnov,

    /// <summary>Chi-square goodness of fit; the score is p.</summary>
    ChiSquare,

    /// <summary>z test of two proportions; the score is p.</summary>
    ZTest,

    /// <summary>Wasserstein distance over the reference's deviation; the score is the distance.</summary>
    Wasserstein,

    /// <summary>Jensen-Shannon distance with natural logarithms; the score is the distance.</summary>
    JensenShannon,
}

/// <summary>A verdict as Evidently gives it.</summary>
/// <param name="Test">The test that it picks.</param>
/// <param name="Score">p or distance, by the test.</param>
/// <param name="Threshold">0.05 for p, 0.1 for distances.</param>
/// <param name="Drift">Whether it calls that drift.</param>
public sealed record EvidentlyVerdict(EvidentlyTest Test, double Score, double Threshold, bool Drift);

/// <summary>Evidently's binned measures.</summary>
/// <param name="Edges">All edges of the bins, last bin closed; null when there is one bin for each value.</param>
/// <param name="Psi">Population stability index, in nats.</param>
/// <param name="JensenShannonDistance">Natural logarithm, 0..0.8326.</param>
/// <param name="KullbackLeibler">Of the current from the reference, in nats, after normalising.</param>
public sealed record EvidentlyBinned(IReadOnlyList<double>? Edges, double Psi, double JensenShannonDistance, double KullbackLeibler);

/// <summary>
/// What Evidently computes by default, for comparing with an existing installation. Written from its source and docs
/// (legacy calculations). Not for new monitors: its bins move with the current data. Null means undefined: an empty side or an infinity.
/// </summary>
public static class EvidentlyCompatible
{
    private const int SmallReference = 1_000;
    private const double PThreshold = 0.05;
    private const double DistanceThreshold = 0.1;

    /// <summary>The default verdict on a numeric column; NaN is left out.</summary>
    public static EvidentlyVerdict? Judge(ReadOnlySpan<double> reference, ReadOnlySpan<double> current)
    {
        if (Clean(reference, current) is not var (a, b))
        {
            return null;
        }

        if (a.Concat(b).Distinct().Count() <= 5)
        {
            return JudgeCategories(a, b);
        }

        if (a.Length <= SmallReference)
        {
            var p = KolmogorovSmirnov.Compare(a, b)!.PAuto()!.Value;
            return new EvidentlyVerdict(EvidentlyTest.KolmogorovSmirnov, p, PThreshold, p <= PThreshold);
        }

        var distance = SampleDistance.WassersteinOverReferenceStd(a, b)!.Value;
        return new EvidentlyVerdict(EvidentlyTest.Wasserstein, distance, DistanceThreshold, distance >= DistanceThreshold);
    }

    /// <summary>The default verdict on a categorical column; nulls are left out.</summary>
    public static EvidentlyVerdict? Judge(IEnumerable<string?> reference, IEnumerable<string?> current)
    {
        var (a, b) = (Present(reference), Present(current));
        return a.Length == 0 || b.Length == 0 ? null : JudgeCategories(a, b);
    }

    /// <summary>The binned measures of a numeric column; NaN is left out.</summary>
    public static EvidentlyBinned? Binned(ReadOnlySpan<double> reference, ReadOnlySpan<double> current)
    {
        if (Clean(reference, current) is not var (a, b))
        {
            return null;
        }

        if (a.Distinct().Count() <= 20)
        {
            return Measure(null, CountByValue(a, b));
        }

        var edges = SturgesEdges([.. a, .. b]);
        return Measure(edges, (NumericBins.CountInto(edges.AsSpan(1, edges.Length - 2), a), NumericBins.CountInto(edges.AsSpan(1, edges.Length - 2), b)));
    }

    /// <summary>The binned measures of a categorical column; nulls are left out.</summary>
    public static EvidentlyBinned? Binned(IEnumerable<string?> reference, IEnumerable<string?> current)
    {
        var (a, b) = (Present(reference), Present(current));
        return a.Length == 0 || b.Length == 0 ? null : Measure(null, CountByValue(a, b));
    }

    private static EvidentlyVerdict JudgeCategories<T>(T[] reference, T[] current)
        where T : notnull
    {
        var (a, b) = CountByValue(reference, current);
        if (reference.Length > SmallReference)
        {
            var distance = BinnedDistance.JensenShannonDistanceNatural(a, b)!.Value;
            return new EvidentlyVerdict(EvidentlyTest.JensenShannon, distance, DistanceThreshold, distance >= DistanceThreshold);
        }

        var test = a.Length > 2 ? EvidentlyTest.ChiSquare : EvidentlyTest.ZTest;
        var p = test == EvidentlyTest.ChiSquare ? ChiSquare.GoodnessOfFit(a, b)!.P : ProportionsP(a, b);
        return new EvidentlyVerdict(test, p, PThreshold, p < PThreshold);
    }

    // Two-sided z test with the pooled proportion of the first value.
    private static double ProportionsP(long[] reference, long[] current)
    {
        if (reference.Length == 1)
        {
            return 1;
        }

        double n = reference.Sum(), m = current.Sum();
        var pooled = (reference[0] + current[0]) / (n + m);
        var z = ((reference[0] / n) - (current[0] / m)) / Math.Sqrt(pooled * (1 - pooled) * ((1 / n) + (1 / m)));
        return SpecialFunctions.Erfc(Math.Abs(z) / Math.Sqrt(2));
    }

    private static (long[] Reference, long[] Current) CountByValue<T>(T[] reference, T[] current)
        where T : notnull
    {
        var slots = new Dictionary<T, int>();
        foreach (var value in reference.Concat(current))
        {
            slots.TryAdd(value, slots.Count);
        }

        var (a, b) = (new long[slots.Count], new long[slots.Count]);
        Array.ForEach(reference, value => a[slots[value]]++);
        Array.ForEach(current, value => b[slots[value]]++);
        return (a, b);
    }

    // numpy.histogram_bin_edges(…, "sturges").
    private static double[] SturgesEdges(double[] values)
    {
        var (min, max) = (values.Min(), values.Max());
        var width = (max - min) / (Math.Log2(values.Length) + 1);
        var bins = width > 0 ? (int)Math.Ceiling((max - min) / width) : 1;
        if (min.Equals(max))
        {
            (min, max) = (min - 0.5, max + 0.5);
        }

        var edges = new double[bins + 1];
        var step = (max - min) / bins;
        for (var i = 0; i < bins; i++)
        {
            edges[i] = min + (i * step);
        }

        edges[bins] = max;
        return edges;
    }

    private static EvidentlyBinned Measure(double[]? edges, (long[] Reference, long[] Current) counts)
    {
        var (p, q) = (Filled(counts.Reference), Filled(counts.Current));
        var (sumP, sumQ, psi, kl) = (p.Sum(), q.Sum(), 0.0, 0.0);
        for (var i = 0; i < p.Length; i++)
        {
            psi += (p[i] - q[i]) * Math.Log(p[i] / q[i]);
            kl += p[i] / sumP * Math.Log(p[i] / sumP / (q[i] / sumQ));
        }

        var js = BinnedDistance.JensenShannonDistanceNatural(counts.Reference, counts.Current)!.Value;
        return new EvidentlyBinned(edges, psi, js, kl);
    }

    private static double[] Filled(long[] counts)
    {
        double total = counts.Sum();
        var least = counts.Where(count => count > 0).Min() / total;
        var fill = least <= 0.0001 ? least / 1e6 : 0.0001;
        return Array.ConvertAll(counts, count => count > 0 ? count / total : fill);
    }

    private static (double[] Reference, double[] Current)? Clean(ReadOnlySpan<double> reference, ReadOnlySpan<double> current)
    {
        if (NumericSummary.Of(reference) is null || NumericSummary.Of(current) is null)
        {
            return null;
        }

        return (Quantiles.SortFinite(reference), Quantiles.SortFinite(current));
    }

    private static string[] Present(IEnumerable<string?> values) => [.. values.OfType<string>()];
}
