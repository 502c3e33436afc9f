namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>
/// One way to tell that features drift: pure arithmetic on integer counts, so it finds the same on one silo or fifty, in any order of merging. A new one is a class and a
/// line in <see cref="DriftTests"/>.
/// </summary>
public interface IDriftTest
{
    /// <summary>
    /// What it finds about each feature of a window, in their order; <see langword="null"/> where it has nothing to say. It sees all of them, to keep the rate of false alarms
    /// over the window.
    /// </summary>
    IReadOnlyList<DriftFinding?> Judge(IReadOnlyList<FeatureComparison> features, DriftRule rule);
}

/// <summary>What one test finds about one feature.</summary>
/// <param name="Status">Drift, no drift, or too few rows to say.</param>
/// <param name="Words">Why, for people: <c>the distribution moved</c>.</param>
public record DriftFinding(DriftStatus Status, string Words);
