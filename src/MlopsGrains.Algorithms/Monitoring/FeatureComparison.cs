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
    public long ReferencePresent => NumericHistogram.Sum(ReferenceCounts);

    /// <summary>Window rows with a value.</summary>
    public long WindowPresent => NumericHistogram.Sum(WindowCounts);

    /// <summary>Reference rows without a usable value: missing, NaN or infinite.</summary>
    public required long ReferenceMissing { get; init; }

    /// <summary>Window rows without a usable value.</summary>
    public required long WindowMissing { get; init; }

    /// <summary>Window rows outside the reference's range; 0 for categories.</summary>
    public required long WindowOutOfRange { get; init; }

    /// <summary>Window rows in categories the reference never had; 0 for numbers.</summary>
    public required long WindowNew { get; init; }

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
}
