using MlopsGrains.Algorithms.Monitoring;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>Judges a window's counts by the monitor's rules, in the words of the contract.</summary>
internal static class DriftJudge
{
    /// <summary>
    /// Share of a window outside the reference's range that is drift by itself. One bin of twenty: rows of a held-out split often leave the range of a small
    /// training split by a little, and they count in the outermost bins anyway.
    /// </summary>
    private const double OutOfRangeShare = 0.05;

    /// <summary>The contract's distance is in base 2 (0–1), the algorithms' in natural logarithms.</summary>
    private static readonly double NaturalDistance = Math.Sqrt(Math.Log(2));

    public static (DriftOutcome Outcome, IReadOnlyList<FeatureDrift> Features) Judge(ReferenceProfile reference, IReadOnlyList<long[]> counts, MonitorRules rules)
    {
        var rule = new DriftRule { Alpha = rules.Alpha, LeastDistance = rules.EffectFloor * NaturalDistance, OutOfRangeShare = OutOfRangeShare };
        var verdict = DriftVerdict.Judge([.. reference.Features.Select((f, i) => Compare(f, counts[i]))], rule);
        return (Outcome(verdict.Status), [.. verdict.Features.Select(Drift)]);
    }

    public static DriftStatus Status(DriftOutcome outcome) => outcome switch
    {
        DriftOutcome.Drift => DriftStatus.Drift,
        DriftOutcome.NoDrift => DriftStatus.NoDrift,
        _ => DriftStatus.NotEnoughData,
    };

    private static DriftOutcome Outcome(DriftStatus status) => status switch
    {
        DriftStatus.Drift => DriftOutcome.Drift,
        DriftStatus.NoDrift => DriftOutcome.NoDrift,
        _ => DriftOutcome.NotEnoughData,
    };

    private static FeatureComparison Compare(FeatureReference feature, long[] counts)
    {
        if (feature.Bins.Edges is null)
        {
            var categories = FeatureHistogram.Categories(feature.Bins);
            return FeatureComparison.Categorical(
                feature.Bins.Feature, CategoricalHistogram.FromArray(categories, feature.Counts), CategoricalHistogram.FromArray(categories, counts));
        }

        var bins = FeatureHistogram.Numeric(feature.Bins);
        return FeatureComparison.Numeric(feature.Bins.Feature, NumericHistogram.FromArray(bins, feature.Counts), NumericHistogram.FromArray(bins, counts));
    }

    private static FeatureDrift Drift(FeatureVerdict verdict) =>
        new(verdict.Feature.Name, Outcome(verdict.Status), verdict.Distribution.JensenShannonDistance / NaturalDistance, verdict.Distribution.Psi, verdict.Distribution.P, verdict.Reason);
}
