using MlopsGrains.Paging;

namespace MlopsGrains.Models;

/// <summary>All registered models together: searched, and looked up in while a version is registered by its source. The key is <see cref="Main"/>.</summary>
[GrainInterfaceType("model-registry")]
public interface IModelRegistryGrain : IGrainWithStringKey
{
    /// <summary>The only one.</summary>
    const string Main = "main";

    /// <summary>Most results of one call; a larger page is read in several.</summary>
    const int ResultsMax = 5_000;

    /// <summary>Registers the next version of an existing model by where its files are.</summary>
    [Alias("Register"), ResponseTimeout("00:01:00")]
    Task<ModelVersion> Register(string model, NewSourcedVersion version, CancellationToken cancellationToken = default);

    /// <summary>
    /// Models that pass a filter over <c>name</c> and <c>tags.key</c>, ordered by <c>name</c>, <c>creation_timestamp</c>, <c>timestamp</c> or
    /// <c>last_updated_timestamp</c>, and by name last. Prompts are hidden from filters that do not mention their tag. What was answered before the call is seen by it.
    /// </summary>
    [Alias("SearchModels"), ResponseTimeout("00:02:00")]
    Task<Page<RegisteredModel>> SearchModels(RegistryQuery query, CancellationToken cancellationToken = default);

    /// <summary>
    /// Versions that pass a filter over <c>name</c>, <c>source_path</c>, <c>run_id</c>, <c>version_number</c> and <c>tags.key</c>, ordered by <c>name</c>,
    /// <c>version_number</c>, <c>creation_timestamp</c> or <c>last_updated_timestamp</c> and by name and falling number last; last updated first when no order is given.
    /// </summary>
    [Alias("SearchVersions"), ResponseTimeout("00:02:00")]
    Task<Page<ModelVersion>> SearchVersions(RegistryQuery query, CancellationToken cancellationToken = default);

    /// <summary>The names of the models that have a version whose file has that digest.</summary>
    [Alias("ModelsOfBlob"), ResponseTimeout("00:02:00")]
    Task<IReadOnlyList<string>> ModelsOfBlob(string digest, CancellationToken cancellationToken = default);
}

/// <summary>A question to the registry.</summary>
/// <param name="Filter">MLflow's grammar; empty finds everything but prompts.</param>
/// <param name="OrderBy">Keys, each with <c>ASC</c> or <c>DESC</c>.</param>
/// <param name="MaxResults">1–<see cref="IModelRegistryGrain.ResultsMax"/>; a page may be shorter when its items are large.</param>
/// <param name="PageToken">Of the page before, of the same filter and order.</param>
/// <param name="TokenField">What a refusal calls the token; <c>page_token</c> when <see langword="null"/>.</param>
[GenerateSerializer, Immutable, Alias("mlops.RegistryQuery")]
public sealed record RegistryQuery(
    [property: Id(0)] string? Filter,
    [property: Id(1)] IReadOnlyList<string> OrderBy,
    [property: Id(2)] int MaxResults,
    [property: Id(3)] string? PageToken = null,
    [property: Id(4)] string? TokenField = null);
