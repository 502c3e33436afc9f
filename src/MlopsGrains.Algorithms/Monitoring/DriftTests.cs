namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>The tests that every window is put to.</summary>
public static class DriftTests
{
    /// <summary>In the order in which their words are told.</summary>
    public static IReadOnlyList<IDriftTest> All { get; } =
    [
        new DistributionTest(),
        new OutOfRangeTest(),
        new NewCategoryTest(),
        new MissingRateTest(),
    ];
}
