using MlopsGrains.Paging;

namespace MlopsGrains.Experiments;

/// <summary>Searches logged models over experiments. A stateless worker; use key 0.</summary>
[GrainInterfaceType("logged-model-search")]
public interface ILoggedModelSearchGrain : IGrainWithIntegerKey
{
    /// <summary>Models that match, without deleted ones; everything acknowledged before the call began is seen.</summary>
    [Alias("Search"), ResponseTimeout("00:02:00")]
    Task<Page<LoggedModel>> Search(LoggedModelQuery query, CancellationToken cancellationToken = default);
}

/// <summary>A search over logged models.</summary>
/// <param name="ExperimentIds">Where to look, at most 1,000.</param>
/// <param name="Filter">MLflow's filter grammar; <see langword="null"/> for all.</param>
/// <param name="Datasets">When not empty, comparisons of metrics look only at values measured on these.</param>
/// <param name="OrderBy">At most 20 keys; then creation time descending and model id.</param>
/// <param name="MaxResults">1–1,000.</param>
/// <param name="PageToken">From the page before of the same search.</param>
[GenerateSerializer, Immutable, Alias("mlops.LoggedModelQuery")]
public sealed record LoggedModelQuery(
    [property: Id(0)] IReadOnlyList<string> ExperimentIds,
    [property: Id(1)] string? Filter,
    [property: Id(2)] IReadOnlyList<MetricDataset> Datasets,
    [property: Id(3)] IReadOnlyList<LoggedModelOrderKey> OrderBy,
    [property: Id(4)] int MaxResults,
    [property: Id(5)] string? PageToken);

/// <summary>A dataset that values were measured on; any digest when <see cref="Digest"/> is <see langword="null"/>.</summary>
[GenerateSerializer, Immutable, Alias("mlops.MetricDataset")]
public sealed record MetricDataset([property: Id(0)] string? Name, [property: Id(1)] string? Digest = null);

/// <summary>An attribute or <c>metrics.x</c>; a dataset may be named for metrics only.</summary>
[GenerateSerializer, Immutable, Alias("mlops.LoggedModelOrderKey")]
public sealed record LoggedModelOrderKey([property: Id(0)] string Field, [property: Id(1)] bool Ascending = true, [property: Id(2)] MetricDataset? Dataset = null);
