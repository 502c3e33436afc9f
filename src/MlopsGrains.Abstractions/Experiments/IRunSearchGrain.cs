using MlopsGrains.Paging;

namespace MlopsGrains.Experiments;

/// <summary>Searches runs over experiments. A stateless worker; use key 0.</summary>
[GrainInterfaceType("run-search")]
public interface IRunSearchGrain : IGrainWithIntegerKey
{
    /// <summary>Runs that match; everything acknowledged before the call began is seen.</summary>
    [Alias("Search"), ResponseTimeout("00:02:00")]
    Task<Page<Run>> Search(RunQuery query, CancellationToken cancellationToken = default);

    /// <summary>The same from any rank on, with only the columns asked for, and with how many match.</summary>
    [Alias("Find"), ResponseTimeout("00:02:00")]
    Task<FoundRuns> Find(RunQuery query, CancellationToken cancellationToken = default);

    /// <summary>Which metrics, params and tags the matching runs of an experiment have, with their ranges or commonest values.</summary>
    [Alias("Keys"), ResponseTimeout("00:02:00")]
    Task<RunKeys> Keys(RunKeysQuery query, CancellationToken cancellationToken = default);
}

/// <summary>A search over runs.</summary>
/// <param name="ExperimentIds">Where to look.</param>
/// <param name="Filter">MLflow's filter grammar; <see langword="null"/> for all.</param>
/// <param name="View">Which lifecycle stages.</param>
/// <param name="OrderBy">Keys with <c>ASC</c> or <c>DESC</c>; then start time descending and run id.</param>
/// <param name="MaxResults">1–50,000.</param>
/// <param name="PageToken">From the page before.</param>
/// <param name="Skip">How many of the matching runs come before the page, 0–100,000,000; not together with a page token.</param>
/// <param name="Total">Whether to count all that match.</param>
/// <param name="Columns">What runs hold beside their attributes: <c>metrics.loss</c>, <c>params.lr</c>, <c>tags.team</c>, at most 1,000; everything when <see langword="null"/>.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunQuery")]
public sealed record RunQuery(
    [property: Id(0)] IReadOnlyList<string> ExperimentIds,
    [property: Id(1)] string? Filter,
    [property: Id(2)] LifecycleView View,
    [property: Id(3)] IReadOnlyList<string> OrderBy,
    [property: Id(4)] int MaxResults,
    [property: Id(5)] string? PageToken,
    [property: Id(6)] int Skip = 0,
    [property: Id(7)] bool Total = false,
    [property: Id(8)] IReadOnlyList<string>? Columns = null);

/// <summary>A page of a search.</summary>
/// <param name="Items">In the search's order.</param>
/// <param name="NextPageToken">For the page behind; <see langword="null"/> on the last.</param>
/// <param name="Total">How many match, when that was asked for.</param>
[GenerateSerializer, Immutable, Alias("mlops.FoundRuns")]
public sealed record FoundRuns([property: Id(0)] IReadOnlyList<Run> Items, [property: Id(1)] string? NextPageToken, [property: Id(2)] long? Total);
