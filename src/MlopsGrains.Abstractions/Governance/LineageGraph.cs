namespace MlopsGrains.Governance;

/// <summary>What a thing was made from and what was made from it.</summary>
/// <param name="Of">The thing that was asked for.</param>
/// <param name="Nodes">The thing and those around it, the nearest first; at most <see cref="NodesMax"/>.</param>
/// <param name="Edges">What came from what, among <paramref name="Nodes"/>.</param>
/// <param name="More">Whether there is more within the depth than is shown.</param>
public sealed record LineageGraph(string Of, IReadOnlyList<LineageNode> Nodes, IReadOnlyList<LineageEdge> Edges, bool More)
{
    /// <summary>Most nodes of a graph.</summary>
    public const int NodesMax = 200;

    /// <summary>Farthest from the thing, in either direction.</summary>
    public const int DepthMax = 5;
}

/// <summary>A thing in a lineage.</summary>
/// <param name="Id">
/// Where it is in the web UI, and what to ask for: <c>datasets/{name}/{version}</c>, <c>pipeline-runs/{id}</c>, <c>runs/{id}</c>, <c>models/{name}/{version}</c>,
/// <c>deployments/{name}</c>, <c>monitors/{name}</c>; names as in a URL.
/// </param>
/// <param name="Kind">What it is.</param>
/// <param name="Name">What it is called.</param>
/// <param name="About">How it stands, in a few words.</param>
/// <param name="At">Since when it is there.</param>
/// <param name="Distance">Steps from the thing that was asked for: less than 0 for what it was made from, more for what was made from it.</param>
public sealed record LineageNode(string Id, LineageKind Kind, string Name, string About, DateTimeOffset? At, int Distance);

/// <summary>One thing came from another.</summary>
/// <param name="From">Id of what was there before.</param>
/// <param name="To">Id of what came from it.</param>
public sealed record LineageEdge(string From, string To);

/// <summary>Kinds of things in a lineage, in the order in which one comes from another.</summary>
public enum LineageKind
{
    /// <summary>A version of a dataset.</summary>
    Dataset = 0,

    /// <summary>A run of a pipeline.</summary>
    PipelineRun = 1,

    /// <summary>A run of an experiment.</summary>
    Run = 2,

    /// <summary>A version of a registered model.</summary>
    Model = 3,

    /// <summary>A deployment.</summary>
    Deployment = 4,

    /// <summary>A monitor.</summary>
    Monitor = 5,
}
