namespace MlopsGrains.Experiments;

/// <summary>Repeated runs of one configuration, which differ only in their seeds. A stateless worker; use key 0.</summary>
[GrainInterfaceType("run-groups")]
public interface IRunGroupsGrain : IGrainWithIntegerKey
{
    /// <summary>Groups with the most runs first. Everything acknowledged before the call began is counted.</summary>
    [Alias("Find"), ResponseTimeout("00:02:00")]
    Task<IReadOnlyList<RunGroup>> Find(RunGroupQuery query, CancellationToken cancellationToken = default);

    /// <summary>Whether the metrics of two groups of the query differ by more than chance; an unknown group is not found.</summary>
    [Alias("Compare"), ResponseTimeout("00:02:00")]
    Task<RunGroupComparison> Compare(RunGroupQuery query, string first, string second, CancellationToken cancellationToken = default);
}

/// <summary>Which runs to group, and how.</summary>
/// <param name="ExperimentId">The experiment; its active runs are looked at.</param>
/// <param name="Filter">The runs' filter grammar, without <c>at(…)</c>; <see langword="null"/> for all. At most 100,000 runs may match.</param>
/// <param name="SeedParams">Params that are left out of a configuration, at most 20; <c>seed</c>, <c>random_state</c> and <c>random_seed</c> when <see langword="null"/>.</param>
/// <param name="Metrics">Metrics to summarise, at most 100; all when <see langword="null"/> or empty.</param>
/// <param name="Confidence">Of the intervals, from 0.5 to 0.9999.</param>
/// <param name="RunsMin">Groups with fewer runs are left out; at least 1.</param>
/// <param name="MaxResults">1–1,000 groups.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunGroupQuery")]
public sealed record RunGroupQuery(
    [property: Id(0)] string ExperimentId,
    [property: Id(1)] string? Filter = null,
    [property: Id(2)] IReadOnlyList<string>? SeedParams = null,
    [property: Id(3)] IReadOnlyList<string>? Metrics = null,
    [property: Id(4)] double Confidence = 0.95,
    [property: Id(5)] int RunsMin = 2,
    [property: Id(6)] int MaxResults = 100);

/// <summary>Runs of one configuration.</summary>
/// <param name="Id">32 hex digits that depend on nothing but the configuration.</param>
/// <param name="Params">The configuration: all params but the seeds, by key.</param>
/// <param name="Runs">How many.</param>
/// <param name="Metrics">By key.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunGroup")]
public sealed record RunGroup(
    [property: Id(0)] string Id,
    [property: Id(1)] IReadOnlyList<Tag> Params,
    [property: Id(2)] int Runs,
    [property: Id(3)] IReadOnlyList<RunGroupMetric> Metrics);

/// <summary>The latest values of one metric over a group, those that are finite.</summary>
/// <param name="Key">The metric.</param>
/// <param name="Count">How many runs have it.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="StandardDeviation">Sample standard deviation; <see langword="null"/> for one run.</param>
/// <param name="Low">Lower end of the mean's confidence interval (Student's t); <see langword="null"/> for one run.</param>
/// <param name="High">Upper end.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunGroupMetric")]
public sealed record RunGroupMetric(
    [property: Id(0)] string Key,
    [property: Id(1)] int Count,
    [property: Id(2)] double Mean,
    [property: Id(3)] double? StandardDeviation,
    [property: Id(4)] double? Low,
    [property: Id(5)] double? High);

/// <summary>Two groups side by side.</summary>
/// <param name="First">The one compared with.</param>
/// <param name="Second">The other.</param>
/// <param name="Metrics">Metrics that both have, by key.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunGroupComparison")]
public sealed record RunGroupComparison(
    [property: Id(0)] RunGroup First,
    [property: Id(1)] RunGroup Second,
    [property: Id(2)] IReadOnlyList<RunMetricComparison> Metrics);

/// <summary>One metric of two groups. What needs two values in each group is <see langword="null"/> below that.</summary>
/// <param name="Key">The metric.</param>
/// <param name="Difference">Mean of the second group minus mean of the first.</param>
/// <param name="Low">Lower end of the difference's confidence interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="WelchP">Two-sided probability of such a difference by chance: Welch's t-test.</param>
/// <param name="EffectSize">Hedges' g: the difference in standard deviations; about 0.2 is small, 0.8 large. <see langword="null"/> also when both groups are
/// constant and differ.</param>
/// <param name="RankP">The same by ranks, whatever the distributions: Mann–Whitney.</param>
/// <param name="Superiority">Share of pairs in which the second group's run has the greater value, 0..1.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunMetricComparison")]
public sealed record RunMetricComparison(
    [property: Id(0)] string Key,
    [property: Id(1)] double Difference,
    [property: Id(2)] double? Low,
    [property: Id(3)] double? High,
    [property: Id(4)] double? WelchP,
    [property: Id(5)] double? EffectSize,
    [property: Id(6)] double RankP,
    [property: Id(7)] double Superiority);
