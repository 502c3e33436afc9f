namespace MlopsGrains.Experiments;

/// <summary>Which keys to count.</summary>
/// <param name="ExperimentId">The experiment.</param>
/// <param name="Filter">The runs' filter grammar, without <c>at(…)</c>; <see langword="null"/> for all.</param>
/// <param name="View">Which lifecycle stages.</param>
/// <param name="Columns">Only these: <c>metrics.loss</c>, <c>params.lr</c>, <c>tags.team</c>, at most 1,000; all when <see langword="null"/>.</param>
/// <param name="Limit">At most so many metrics, params and tags each, those that most runs have; 1–10,000.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunKeysQuery")]
public sealed record RunKeysQuery(
    [property: Id(0)] string ExperimentId,
    [property: Id(1)] string? Filter = null,
    [property: Id(2)] LifecycleView View = LifecycleView.ActiveOnly,
    [property: Id(3)] IReadOnlyList<string>? Columns = null,
    [property: Id(4)] int Limit = 1000);

/// <summary>The keys that the matching runs of an experiment have, those that most have first.</summary>
/// <param name="Runs">How many runs match.</param>
/// <param name="Metrics">By number of runs, then by key.</param>
/// <param name="Params">By number of runs, then by key.</param>
/// <param name="Tags">By number of runs, then by key.</param>
/// <param name="Complete">Whether these are all.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunKeys")]
public sealed record RunKeys(
    [property: Id(0)] long Runs,
    [property: Id(1)] IReadOnlyList<MetricKey> Metrics,
    [property: Id(2)] IReadOnlyList<TextKey> Params,
    [property: Id(3)] IReadOnlyList<TextKey> Tags,
    [property: Id(4)] bool Complete);

/// <summary>A metric over runs.</summary>
/// <param name="Key">The metric.</param>
/// <param name="Runs">How many of the runs have it.</param>
/// <param name="Min">The least latest value that is finite.</param>
/// <param name="Max">The greatest.</param>
/// <param name="PointsMax">The most points that one of the runs logged.</param>
[GenerateSerializer, Immutable, Alias("mlops.MetricKey")]
public sealed record MetricKey(
    [property: Id(0)] string Key, [property: Id(1)] long Runs, [property: Id(2)] double? Min, [property: Id(3)] double? Max, [property: Id(4)] long PointsMax);

/// <summary>A param or tag over runs.</summary>
/// <param name="Key">The param or tag.</param>
/// <param name="Runs">How many of the runs have it.</param>
/// <param name="Values">How many different values it has; exact up to 50, above that at least so many.</param>
/// <param name="Min">The least value, when all are finite numbers.</param>
/// <param name="Max">The greatest.</param>
/// <param name="Commonest">At most 20 values with the most runs; above 50 values the counts are at least so many.</param>
[GenerateSerializer, Immutable, Alias("mlops.TextKey")]
public sealed record TextKey(
    [property: Id(0)] string Key,
    [property: Id(1)] long Runs,
    [property: Id(2)] long Values,
    [property: Id(3)] double? Min,
    [property: Id(4)] double? Max,
    [property: Id(5)] IReadOnlyList<RunValue> Commonest);

/// <summary>A value and how many runs have it.</summary>
[GenerateSerializer, Immutable, Alias("mlops.RunValue")]
public sealed record RunValue([property: Id(0)] string Value, [property: Id(1)] long Runs);
