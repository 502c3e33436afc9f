using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>What the distribution's test finds, and what it measured.</summary>
/// <param name="Status">Drift, no drift, or too few rows to say.</param>
/// <param name="Words">Why, for people.</param>
/// <param name="Bins">Bins that were compared after joining; 0 when none could be.</param>
/// <param name="Psi">Population stability index over them; null when undefined.</param>
/// <param name="JensenShannonDistance">Distance over them, natural logarithm, 0..0.8326; null when undefined.</param>
/// <param name="P">Probability of at least this PSI without drift: PSI / (1/n + 1/m) against chi-square; null when undefined.</param>
/// <param name="PAdjusted">P after Benjamini and Hochberg over the window's features; null when undefined.</param>
public sealed record DistributionFinding(
    DriftStatus Status, string Words, int Bins, double? Psi, double? JensenShannonDistance, double? P, double? PAdjusted) : DriftFinding(Status, Words);

/// <summary>
/// A feature's distribution moved when its PSI is significant (PSI / (1/n + 1/m) ~ χ² with B - 1 degrees, Yurdakul and Naranjo 2020; rate alpha over all
/// features) and its distance reaches the floor.
/// </summary>
public sealed class DistributionTest : IDriftTest
{
    /// <inheritdoc/>
    public IReadOnlyList<DriftFinding?> Judge(IReadOnlyList<FeatureComparison> features, DriftRule rule)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(rule);
        var measured = features.Select(feature => Measure(feature, rule)).ToArray();
        var adjusted = BenjaminiHochberg.Adjust([.. measured.Select(m => m.P).OfType<double>()]);
        var next = 0;
        return [.. measured.Select(m => Judge(m with { PAdjusted = m.P is null ? null : adjusted[next++] }, rule))];
    }

    /// <summary>
    /// P(at least this PSI) when nothing drifts; null when either side has no rows. Trust it when min(n, m) / bins is 25 or more.
    /// </summary>
    public static double? PsiP(ReadOnlySpan<long> reference, ReadOnlySpan<long> window)
    {
        if (BinnedDistance.Psi(reference, window) is not { } psi)
        {
            return null;
        }

        var scale = (1.0 / BinnedDistance.Sum(reference)) + (1.0 / BinnedDistance.Sum(window));
        return ChiSquare.UpperTail(psi / scale, reference.Length - 1);
    }

    private static DistributionFinding Measure(FeatureComparison feature, DriftRule rule)
    {
        var (n, m) = (feature.ReferencePresent, feature.WindowPresent);
        var smaller = Math.Min(n, m);
        var single = feature.ReferenceCounts.Count(count => count > 0) == 1;
        var maxBins = (int)Math.Min(smaller / rule.RowsPerBin, int.MaxValue);
        if (maxBins < (single ? 1 : 2))
        {
            return new DistributionFinding(DriftStatus.NotEnoughData, "too few rows", 0, null, null, null, null);
        }

        // A reference bin of this many rows expects LeastExpected rows on the smaller side.
        var minPerBin = (long)Math.Ceiling((double)rule.LeastExpected * n / smaller);
        var merge = feature.IsOrdered
            ? BinMerge.Neighbours(feature.ReferenceCounts, maxBins, minPerBin)
            : BinMerge.Rarest(feature.ReferenceCounts, maxBins, minPerBin);
        var (reference, window) = (merge.Apply(feature.ReferenceCounts), merge.Apply(feature.WindowCounts));
        return new DistributionFinding(
            DriftStatus.NoDrift, "not significant", merge.Count, BinnedDistance.Psi(reference, window), BinnedDistance.JensenShannonDistanceNatural(reference, window), PsiP(reference, window), null);
    }

    private static DistributionFinding Judge(DistributionFinding measured, DriftRule rule) =>
        !(measured.PAdjusted <= rule.Alpha) ? measured
        : measured.JensenShannonDistance >= rule.LeastDistance ? measured with { Status = DriftStatus.Drift, Words = "the distribution moved" }
        : measured with { Words = "significant, but below the effect floor" };
}
