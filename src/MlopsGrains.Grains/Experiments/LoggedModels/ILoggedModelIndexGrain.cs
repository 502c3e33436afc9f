using MlopsGrains.Experiments;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>The logged models of one experiment, ready for searches. The key is the experiment's id.</summary>
[GrainInterfaceType("logged-model-index")]
internal interface ILoggedModelIndexGrain : IGrainWithStringKey
{
    /// <summary>A model belongs to the experiment; durable when it returns, before the model itself exists.</summary>
    [Alias("Add"), AlwaysInterleave]
    Task Add(string modelId, CancellationToken cancellationToken = default);

    /// <summary>A model is about to change; a search that begins from now on collects it first.</summary>
    [Alias("MarkDirty"), AlwaysInterleave]
    Task MarkDirty(string modelId, CancellationToken cancellationToken = default);

    /// <summary>Models that a removal of these runs takes along.</summary>
    [Alias("OfRuns"), ResponseTimeout("00:02:00")]
    Task<IReadOnlyList<string>> OfRuns(IReadOnlyList<string> runIds, int limit, CancellationToken cancellationToken = default);

    /// <summary>Models with ids after <paramref name="after"/>, in order: the deleted ones, or with <paramref name="all"/> every one.</summary>
    [Alias("Retained"), ResponseTimeout("00:02:00")]
    Task<IReadOnlyList<string>> Retained(string after, int limit, bool all, CancellationToken cancellationToken = default);

    /// <summary>Forgets models that are gone for good; durable when it returns.</summary>
    [Alias("Remove")]
    Task Remove(IReadOnlyList<string> modelIds, CancellationToken cancellationToken = default);

    /// <summary>Removes the index of an experiment that is gone for good.</summary>
    [Alias("Purge")]
    Task Purge(CancellationToken cancellationToken = default);

    /// <summary>Models that match, in order, after the place that the query's token names.</summary>
    [Alias("Search"), ResponseTimeout("00:02:00")]
    Task<LoggedModelMatches> Search(LoggedModelQuery query, CancellationToken cancellationToken = default);
}
