namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>What can be said about a feature or a window.</summary>
public enum DriftStatus
{
    /// <summary>Too few rows to say anything.</summary>
    NotEnoughData,

    /// <summary>Enough rows and no drift.</summary>
    NoDrift,

    /// <summary>Drift.</summary>
    Drift,
}

/// <summary>Why a feature drifts; several may hold at once.</summary>
[Flags]
public enum DriftReasons
{
    /// <summary>It does not.</summary>
    None = 0,

    /// <summary>Its distribution moved: significant and large enough.</summary>
    Distribution = 1,

    /// <summary>Too many values outside the reference's range.</summary>
    OutOfRange = 2,

    /// <summary>Too many values in categories the reference never had.</summary>
    NewCategories = 4,

    /// <summary>Its missing rate rose.</summary>
    Missing = 8,
}

/// <summary>The verdict on one feature.</summary>
/// <param name="Feature">Its name.</param>
/// <param name="Status">The verdict.</param>
/// <param name="Reasons">Why it drifts.</param>
/// <param name="Bins">Bins that were compared after joining; 0 when none could be.</param>
/// <param name="Psi">Population stability index over them; null when undefined.</param>
/// <param name="JensenShannonDistance">Distance over them, natural logarithm, 0..0.8326; null when undefined.</param>
/// <param name="P">Probability of at least this PSI without drift: PSI / (1/n + 1/m) against chi-square; null when undefined.</param>
/// <param name="PAdjusted">P after Benjamini and Hochberg over the window's features; null when undefined.</param>
/// <param name="OutOfRangeShare">Share of present values outside the reference's range, 0..1; null without values.</param>
/// <param name="NewCategoryShare">Share of present values in new categories, 0..1; null without values.</param>
/// <param name="MissingRate">Share of the window's rows without a usable value, 0..1; null without rows.</param>
/// <param name="ReferenceMissingRate">The same of the reference.</param>
public sealed record FeatureVerdict(
    string Feature,
    DriftStatus Status,
    DriftReasons Reasons,
    int Bins,
    double? Psi,
    double? JensenShannonDistance,
    double? P,
    double? PAdjusted,
    double? OutOfRangeShare,
    double? NewCategoryShare,
    double? MissingRate,
    double? ReferenceMissingRate);

/// <summary>
/// The verdict on a window. Pure arithmetic on integer counts, so it is the same on one silo or fifty, in any order of merging.
/// A feature drifts when its PSI is significant (PSI / (1/n + 1/m) ~ χ² with B - 1 degrees, Yurdakul and Naranjo 2020; rate
/// alpha over all features) and its distance reaches the floor, or when one of the data-quality limits is passed.
/// </summary>
/// <param name="Status">Drift when a feature drifts; not enough data when that is so for every feature; else no drift.</param>
/// <param name="Features">The verdicts in the order given.</param>
public sealed record DriftVerdict(DriftStatus Status, IReadOnlyList<FeatureVerdict> Features)
{
    /// <summary>Share of the judged features that drift, 0..1; null when none could be judged.</summary>
    public double? DriftedShare
    {
        get
        {
            var judged = Features.Count(feature => feature.Status != DriftStatus.NotEnoughData);
            return judged == 0 ? null : (double)Features.Count(feature => feature.Status == DriftStatus.Drift) / judged;
        }
    }

    /// <summary>Judges a window by <paramref name="rule"/> (defaults when null).</summary>
    public static DriftVerdict Judge(IReadOnlyList<FeatureComparison> features, DriftRule? rule = null)
    {
        ArgumentNullException.ThrowIfNull(features);
        rule ??= DriftRule.Default;
        rule.Validate();
        var measured = features.Select(feature => Measured.Of(feature, rule)).ToArray();
        var tested = measured.Where(one => one.P is not null).ToArray();
        var adjusted = BenjaminiHochberg.Adjust(tested.Select(one => one.P!.Value).ToArray());
        for (var i = 0; i < tested.Length; i++)
        {
            tested[i].PAdjusted = adjusted[i];
        }

        var verdicts = measured.Select(one => one.Judge(rule, rule.Alpha / measured.Length)).ToArray();
        var status = verdicts.Select(verdict => verdict.Status).DefaultIfEmpty(DriftStatus.NotEnoughData).Max();
        return new DriftVerdict(status, verdicts);
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

        var scale = (1.0 / NumericHistogram.Sum(reference)) + (1.0 / NumericHistogram.Sum(window));
        return ChiSquare.UpperTail(psi / scale, reference.Length - 1);
    }

    private sealed class Measured(FeatureComparison feature)
    {
        public int Bins { get; private set; }

        public double? Psi { get; private set; }

        public double? Distance { get; private set; }

        public double? P { get; private set; }

        public double? PAdjusted { get; set; }

        public static Measured Of(FeatureComparison feature, DriftRule rule)
        {
            var measured = new Measured(feature);
            var (n, m) = (feature.ReferencePresent, feature.WindowPresent);
            var smaller = Math.Min(n, m);
            var single = feature.ReferenceCounts.Count(count => count > 0) == 1;
            var maxBins = (int)Math.Min(smaller / rule.RowsPerBin, int.MaxValue);
            if (maxBins < (single ? 1 : 2))
            {
                return measured;
            }

            // A reference bin of this many rows expects LeastExpected rows on the smaller side.
            var minPerBin = (long)Math.Ceiling((double)rule.LeastExpected * n / smaller);
            var merge = feature.IsOrdered
                ? BinMerge.Neighbours(feature.ReferenceCounts, maxBins, minPerBin)
                : BinMerge.Rarest(feature.ReferenceCounts, maxBins, minPerBin);
            var (reference, window) = (merge.Apply(feature.ReferenceCounts), merge.Apply(feature.WindowCounts));
            measured.Bins = merge.Count;
            measured.Psi = BinnedDistance.Psi(reference, window);
            measured.Distance = BinnedDistance.JensenShannonDistanceNatural(reference, window);
            measured.P = PsiP(reference, window);
            return measured;
        }

        public FeatureVerdict Judge(DriftRule rule, double alpha)
        {
            var (n, m) = (feature.ReferencePresent, feature.WindowPresent);
            var (rows, referenceRows) = (m + feature.WindowMissing, n + feature.ReferenceMissing);
            var reasons = DriftReasons.None;
            if (PAdjusted <= rule.Alpha && Distance >= rule.LeastDistance)
            {
                reasons |= DriftReasons.Distribution;
            }

            if (Exceeds(feature.WindowOutOfRange, rule.OutOfRangeShare, feature.WindowOutOfRange + 1, rule, alpha))
            {
                reasons |= DriftReasons.OutOfRange;
            }

            if (Exceeds(feature.WindowNew, rule.NewCategoryShare, 1, rule, alpha))
            {
                reasons |= DriftReasons.NewCategories;
            }

            if (MissingRose(referenceRows, rows, rule))
            {
                reasons |= DriftReasons.Missing;
            }

            var status = reasons != DriftReasons.None ? DriftStatus.Drift : Bins == 0 ? DriftStatus.NotEnoughData : DriftStatus.NoDrift;
            return new FeatureVerdict(
                feature.Name, status, reasons, Bins, Psi, Distance, P, PAdjusted,
                Share(feature.WindowOutOfRange, m), Share(feature.WindowNew, m),
                Share(feature.WindowMissing, rows), Share(feature.ReferenceMissing, referenceRows));
        }

        // A few values beyond a small reference are no news: without drift the k outermost of n + m values all fall into the window with
        // probability Π (m-i)/(n+m-i), and k values split over both ends in k + 1 ways. The rate is shared by the
        // features of the window (Bonferroni).
        private bool Exceeds(long rows, double limit, double ways, DriftRule rule, double alpha)
        {
            var (n, m) = (feature.ReferencePresent, feature.WindowPresent);
            if (n < rule.RowsPerBin || m < rule.RowsPerBin || rows <= limit * m)
            {
                return false;
            }

            var chance = ways;
            for (var i = 0L; i < rows && chance > alpha; i++)
            {
                chance *= (double)(m - i) / (n + m - i);
            }

            return chance <= alpha;
        }

        private bool MissingRose(long referenceRows, long rows, DriftRule rule)
        {
            if (referenceRows < rule.RowsPerBin || rows < rule.RowsPerBin)
            {
                return false;
            }

            var rise = ((double)feature.WindowMissing / rows) - ((double)feature.ReferenceMissing / referenceRows);
            var pooled = (double)(feature.WindowMissing + feature.ReferenceMissing) / (rows + referenceRows);
            var error = Math.Sqrt(pooled * (1 - pooled) * ((1.0 / rows) + (1.0 / referenceRows)));
            return rise > rule.MissingRise && rise > rule.MissingDeviations * error;
        }

        private static double? Share(long part, long whole) => whole > 0 ? (double)part / whole : null;
    }
}
