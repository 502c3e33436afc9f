using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>The integer counts of one feature in the reference and in a window, as <see cref="DriftVerdict"/> needs them.</summary>
public sealed class FeatureComparison
{
    private FeatureComparison(string name, bool ordered, long[] reference, long[] window)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        (Name, IsOrdered, ReferenceCounts, WindowCounts) = (name, ordered, reference, window);
    }

    /// <summary>The feature's name.</summary>
    public string Name { get; }

    /// <summary>True for numbers: only neighbouring bins may be joined.</summary>
    public bool IsOrdered { get; }

    /// <summary>Reference rows with a value.</summary>
    public long ReferencePresent => BinnedDistance.Sum(ReferenceCounts);

    /// <summary>Window rows with a value.</summary>
    public long WindowPresent => BinnedDistance.Sum(WindowCounts);

    /// <summary>Reference rows without a usable value: missing, NaN or infinite.</summary>
    public required long ReferenceMissing { get; init; }

    /// <summary>Window rows without a usable value.</summary>
    public required long WindowMissing { get; init; }

    /// <summary>Window rows outside the reference's range; 0 for categories.</summary>
    public required long WindowOutOfRange { get; init; }

    /// <summary>Window rows in categories the reference never had; 0 for numbers.</summary>
    public required long WindowNew { get; init; }

    /// <summary>Reference rows, with and without a usable value.</summary>
    public long ReferenceRows => ReferencePresent + ReferenceMissing;

    /// <summary>Window rows, with and without a usable value.</summary>
    public long WindowRows => WindowPresent + WindowMissing;

    /// <summary>Share of present values outside the reference's range, 0..1; null without values.</summary>
    public double? OutOfRangeShare => Share(WindowOutOfRange, WindowPresent);

    /// <summary>Share of present values in new categories, 0..1; null without values.</summary>
    public double? NewCategoryShare => Share(WindowNew, WindowPresent);

    /// <summary>Share of the window's rows without a usable value, 0..1; null without rows.</summary>
    public double? MissingRate => Share(WindowMissing, WindowRows);

    /// <summary>The same of the reference.</summary>
    public double? ReferenceMissingRate => Share(ReferenceMissing, ReferenceRows);

    internal long[] ReferenceCounts { get; }

    internal long[] WindowCounts { get; }

    /// <summary>Compares a numeric column; both must be over the same bins.</summary>
    public static FeatureComparison Numeric(string name, NumericHistogram reference, NumericHistogram window)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(window);
        if (!reference.Bins.SameAs(window.Bins))
        {
            throw new ArgumentException($"Feature \"{name}\": the window counts into other bins than the reference.", nameof(window));
        }

        return new FeatureComparison(name, true, reference.ToBinCounts(), window.ToBinCounts())
        {
            ReferenceMissing = reference.Missing + reference.NonFinite,
            WindowMissing = window.Missing + window.NonFinite,
            WindowOutOfRange = window.Below + window.Above,
            WindowNew = 0,
        };
    }

    /// <summary>Compares a categorical column; both must be over the same categories.</summary>
    public static FeatureComparison Categorical(string name, CategoricalHistogram reference, CategoricalHistogram window)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(window);
        if (!reference.Bins.SameAs(window.Bins))
        {
            throw new ArgumentException($"Feature \"{name}\": the window counts into other categories than the reference.", nameof(window));
        }

        return new FeatureComparison(name, false, reference.ToBinCounts(), window.ToBinCounts())
        {
            ReferenceMissing = reference.Missing,
            WindowMissing = window.Missing,
            WindowOutOfRange = 0,
            WindowNew = window.New,
        };
    }

    /// <summary>
    /// Whether more than <paramref name="limit"/> of the window's values are beyond the reference, and more than chance puts there. A few beyond a small reference are no news: without
    /// drift the k outermost of n + m values all fall into the window with probability Π (m-i)/(n+m-i), and they do so in <paramref name="ways"/> ways. The rate is shared by the
    /// features of the window (Bonferroni).
    /// </summary>
    internal bool IsMoreThanChance(long rows, double limit, double ways, DriftRule rule, int features)
    {
        var (n, m) = (ReferencePresent, WindowPresent);
        if (n < rule.RowsPerBin || m < rule.RowsPerBin || rows <= limit * m)
        {
            return false;
        }

        var alpha = rule.Alpha / features;
        var chance = ways;
        for (var i = 0L; i < rows && chance > alpha; i++)
        {
            chance *= (double)(m - i) / (n + m - i);
        }

        return chance <= alpha;
    }

    private static double? Share(long part, long whole) => whole > 0 ? (double)part / whole : null;
}
