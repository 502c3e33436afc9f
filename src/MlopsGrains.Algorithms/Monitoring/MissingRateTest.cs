namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>The missing rate rose, by more than a limit and by more than noise.</summary>
public sealed class MissingRateTest : IDriftTest
{
    /// <inheritdoc/>
    public IReadOnlyList<DriftFinding?> Judge(IReadOnlyList<FeatureComparison> features, DriftRule rule)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(rule);
        return [.. features.Select(f => Rose(f, rule)
            ? new DriftFinding(DriftStatus.Drift, FormattableString.Invariant($"{f.MissingRate:P1} missing, {f.ReferenceMissingRate:P1} in the reference"))
            : null)];
    }

    private static bool Rose(FeatureComparison feature, DriftRule rule)
    {
        var (rows, referenceRows) = (feature.WindowRows, feature.ReferenceRows);
        if (referenceRows < rule.RowsPerBin || rows < rule.RowsPerBin)
        {
            return false;
        }

        var rise = ((double)feature.WindowMissing / rows) - ((double)feature.ReferenceMissing / referenceRows);
        var pooled = (double)(feature.WindowMissing + feature.ReferenceMissing) / (rows + referenceRows);
        var error = Math.Sqrt(pooled * (1 - pooled) * ((1.0 / rows) + (1.0 / referenceRows)));
        return rise > rule.MissingRise && rise > rule.MissingDeviations * error;
    }
}
