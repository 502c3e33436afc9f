using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>A part of the runs of one experiment, ready for searches. <see cref="RunShards"/> gives the keys.</summary>
[GrainInterfaceType("run-index")]
internal interface IRunIndexGrain : IGrainWithStringKey
{
    /// <summary>A run belongs to the experiment; durable when it returns, before the run itself exists.</summary>
    [Alias("Add")]
    Task Add(string runId, CancellationToken cancellationToken = default);

    /// <summary>A run is about to change; a search that begins from now on collects it first. A row that was stored no longer counts when this returns.</summary>
    [Alias("MarkDirty")]
    Task MarkDirty(string runId, CancellationToken cancellationToken = default);

    /// <summary>Runs that are gone for good; durable when it returns. Their grains must refuse to come back.</summary>
    [Alias("Remove")]
    Task Remove(IReadOnlyList<string> runIds, CancellationToken cancellationToken = default);

    /// <summary>Forgets everything, for an experiment that is gone for good.</summary>
    [Alias("Purge")]
    Task Purge(CancellationToken cancellationToken = default);

    /// <summary>Runs that match, in order, after the cursor.</summary>
    [Alias("Search"), ResponseTimeout("00:02:00")]
    Task<RunMatches> Search(RunIndexQuery query, CancellationToken cancellationToken = default);

    /// <summary>How many runs match up to a place of an order, and places of those that follow.</summary>
    [Alias("Rank"), ResponseTimeout("00:02:00")]
    Task<RunRanks> Rank(RunRankQuery query, CancellationToken cancellationToken = default);

    /// <summary>Which metrics, params and tags the shard's matching runs have.</summary>
    [Alias("Keys"), ResponseTimeout("00:02:00")]
    Task<RunKeysPart> Keys(RunKeysQuery query, CancellationToken cancellationToken = default);

    /// <summary>What the shard's active runs contribute to groups.</summary>
    [Alias("Group"), ResponseTimeout("00:02:00")]
    Task<IReadOnlyList<RunGroupPart>> Group(RunGroupQuery query, CancellationToken cancellationToken = default);

    /// <summary>
    /// The experiment was deleted or restored: searches see every run in the new stage when this returns, and the runs themselves follow, a few at a time.
    /// </summary>
    /// <returns>Whether all runs have followed within <paramref name="patience"/>; the others still do. Calling again goes on with those that failed.</returns>
    [Alias("Follow"), ResponseTimeout("00:02:00")]
    Task<bool> Follow(LifecycleStage stage, TimeSpan patience, CancellationToken cancellationToken = default);
}

/// <summary>What a run owes to its experiment.</summary>
[GrainInterfaceType("experiment-member")]
internal interface IExperimentMember : IGrainWithStringKey
{
    /// <summary>The experiment was deleted or restored, and the run with it.</summary>
    [Alias("Follow")]
    Task Follow(LifecycleStage stage, CancellationToken cancellationToken = default);

    /// <summary>The run as searches see it, including everything acknowledged so far, or <see langword="null"/>; the run counts as clean from then on.</summary>
    [Alias("Collect")]
    Task<CollectedRun?> Collect(CancellationToken cancellationToken = default);

    /// <summary>The whole run, for an index that has left out a part of it.</summary>
    [Alias("Read")]
    Task<Run?> Read(CancellationToken cancellationToken = default);

    /// <summary>A metric's value at a step (of several points there, the one with the greatest timestamp and value), or <see langword="null"/>.</summary>
    [Alias("ValueAt")]
    Task<double?> ValueAt(string key, long step, CancellationToken cancellationToken = default);
}

/// <param name="Run">The run.</param>
/// <param name="Histories">Of each metric of the run, in its order.</param>
[GenerateSerializer, Immutable, Alias("mlops.CollectedRun")]
internal sealed record CollectedRun([property: Id(0)] Run Run, [property: Id(1)] IReadOnlyList<MetricSummary> Histories);

/// <param name="Columns">What the runs hold; <see langword="null"/> for all. A silo of an earlier version leaves nothing out.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunIndexQuery")]
internal sealed record RunIndexQuery(
    [property: Id(0)] string? Filter,
    [property: Id(1)] LifecycleView View,
    [property: Id(2)] IReadOnlyList<string> OrderBy,
    [property: Id(3)] int MaxResults,
    [property: Id(4)] RunPlace? After,
    [property: Id(5)] IReadOnlyList<string>? Columns = null);

/// <param name="Runs">In order.</param>
/// <param name="Places">Of the runs.</param>
/// <param name="Complete">Whether these are all that match; otherwise they were cut by their number or their size.</param>
/// <param name="Total">How many match, with those before the cursor; <see langword="null"/> when it was not counted.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunMatches")]
internal sealed record RunMatches(
    [property: Id(0)] IReadOnlyList<Run> Runs, [property: Id(1)] IReadOnlyList<RunPlace> Places, [property: Id(2)] bool Complete, [property: Id(3)] int? Total = null);

/// <param name="After">The window begins behind it; at the beginning when <see langword="null"/>.</param>
/// <param name="Until">The window's last place; the end when <see langword="null"/>.</param>
/// <param name="Samples">At most so many places of the window; 0 when only the numbers are asked for.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunRankQuery")]
internal sealed record RunRankQuery(
    [property: Id(0)] string? Filter,
    [property: Id(1)] LifecycleView View,
    [property: Id(2)] IReadOnlyList<string> OrderBy,
    [property: Id(3)] RunPlace? After,
    [property: Id(4)] RunPlace? Until,
    [property: Id(5)] int Samples);

/// <param name="Total">How many runs of the shard match.</param>
/// <param name="Before">How many of them come up to the window.</param>
/// <param name="Step">Every so manieth row of the window is a sample.</param>
/// <param name="Samples">In order.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunRanks")]
internal sealed record RunRanks(
    [property: Id(0)] int Total, [property: Id(1)] int Before, [property: Id(2)] int Step, [property: Id(3)] IReadOnlyList<RunPlace> Samples);
