namespace MlopsGrains.Experiments;

/// <summary>Searches runs over experiments. A stateless worker; use key 0.</summary>
[GrainInterfaceType("run-search")]
public interface IRunSearchGrain : IGrainWithIntegerKey
{
    /// <summary>Runs that match; everything acknowledged before the call began is seen.</summary>
    [Alias("Search"), ResponseTimeout("00:02:00")]
    Task<Paging.Page<Run>> Search(RunQuery query, CancellationToken cancellationToken = default);
}

/// <summary>A search over runs.</summary>
/// <param name="ExperimentIds">Where to look.</param>
/// <param name="Filter">MLflow's filter grammar; <see langword="null"/> for all.</param>
/// <param name="View">Which lifecycle stages.</param>
/// <param name="OrderBy">Keys with <c>ASC</c> or <c>DESC</c>; then start time descending and run id.</param>
/// <param name="MaxResults">1–50,000.</param>
/// <param name="PageToken">From the page before.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunQuery")]
public sealed record RunQuery(
    [property: Id(0)] IReadOnlyList<string> ExperimentIds,
    [property: Id(1)] string? Filter,
    [property: Id(2)] LifecycleView View,
    [property: Id(3)] IReadOnlyList<string> OrderBy,
    [property: Id(4)] int MaxResults,
    [property: Id(5)] string? PageToken);
