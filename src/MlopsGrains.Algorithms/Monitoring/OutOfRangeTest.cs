namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>Too many values outside the reference's range.</summary>
public sealed class OutOfRangeTest : IDriftTest
{
    /// <inheritdoc/>
    public IReadOnlyList<DriftFinding?> Judge(IReadOnlyList<FeatureComparison> features, DriftRule rule)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(rule);

        // The outermost values are split over both ends of the range in one way more than there are of them.
        return [.. features.Select(f => f.IsMoreThanChance(f.WindowOutOfRange, rule.OutOfRangeShare, f.WindowOutOfRange + 1, rule, features.Count)
            ? new DriftFinding(DriftStatus.Drift, FormattableString.Invariant($"{f.OutOfRangeShare:P1} outside the reference's range"))
            : null)];
    }
}
