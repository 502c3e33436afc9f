using MlopsGrains.Paging;

namespace MlopsGrains.Catalogs;

/// <summary>Lists the names of one kind of thing. The key is the kind, one of <see cref="CatalogKinds"/>.</summary>
[GrainInterfaceType("catalog")]
public interface ICatalogGrain : IGrainWithStringKey
{
    /// <summary>Most names of a page.</summary>
    const int NamesPerPageMax = 1000;

    /// <summary>Adds a name; adding it again changes nothing.</summary>
    [Alias("Add")]
    Task Add(string name, CancellationToken cancellationToken = default);

    /// <summary>Removes a name; removing an absent one changes nothing.</summary>
    [Alias("Remove")]
    Task Remove(string name, CancellationToken cancellationToken = default);

    /// <summary>Names in ordinal order after <paramref name="after"/>, at most <paramref name="limit"/> (1–<see cref="NamesPerPageMax"/>).</summary>
    [Alias("List")]
    Task<Page<string>> List(string? after, int limit, CancellationToken cancellationToken = default);
}

/// <summary>The kinds that have a catalog.</summary>
public static class CatalogKinds
{
    /// <summary>Datasets.</summary>
    public const string Datasets = "datasets";

    /// <summary>Registered models.</summary>
    public const string Models = "models";

    /// <summary>Deployments.</summary>
    public const string Deployments = "deployments";

    /// <summary>Monitors (named like their deployment).</summary>
    public const string Monitors = "monitors";

    /// <summary>Open alerts of all monitors.</summary>
    public const string OpenAlerts = "open-alerts";

    /// <summary>Closed alerts of all monitors, of those that the monitors keep.</summary>
    public const string ClosedAlerts = "closed-alerts";

    /// <summary>Pipelines.</summary>
    public const string Pipelines = "pipelines";

    /// <summary>Pipeline runs that have not ended.</summary>
    public const string UnfinishedPipelineRuns = "unfinished-pipeline-runs";

    /// <summary>Runs of experiments of which signs of life are expected.</summary>
    public const string AwaitedRuns = "awaited-runs";

    /// <summary>Runs of one pipeline.</summary>
    public static string RunsOf(string pipeline) => "pipeline-runs/" + pipeline;
}
