namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>Too many values in categories the reference never had.</summary>
public sealed class NewCategoryTest : IDriftTest
{
    /// <inheritdoc/>
    public IReadOnlyList<DriftFinding?> Judge(IReadOnlyList<FeatureComparison> features, DriftRule rule)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(rule);
        return [.. features.Select(f => f.IsMoreThanChance(f.WindowNew, rule.NewCategoryShare, 1, rule, features.Count)
            ? new DriftFinding(DriftStatus.Drift, FormattableString.Invariant($"{f.NewCategoryShare:P1} in new categories"))
            : null)];
    }
}
