namespace MlopsGrains.Experiments;

/// <summary>Which params move a metric. A stateless worker; use key 0.</summary>
[GrainInterfaceType("run-shares")]
public interface IRunSharesGrain : IGrainWithIntegerKey
{
    /// <summary>Shares of the metric's variance by param, over the newest runs that match.</summary>
    [Alias("Explain"), ResponseTimeout("00:02:00")]
    Task<RunShares> Explain(RunSharesQuery query, CancellationToken cancellationToken = default);
}

/// <summary>Which metric to explain, over which runs.</summary>
/// <param name="ExperimentId">The experiment; its active runs are looked at.</param>
/// <param name="Metric">A metric; runs without a finite latest value of it are left out.</param>
/// <param name="Filter">The runs' filter grammar; <see langword="null"/> for all.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunSharesQuery")]
public sealed record RunSharesQuery([property: Id(0)] string ExperimentId, [property: Id(1)] string Metric, [property: Id(2)] string? Filter = null);

/// <summary>How much of a metric's variance each param explains, told by a forest of regression trees from runs that it did not learn from.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="Runs">How many runs were looked at: the newest 2,000 that match and have it.</param>
/// <param name="Enough">Whether these are 30 or more; below that nothing is said.</param>
/// <param name="Explained">The share of the variance that all params explain together, 0..1; <see langword="null"/> without enough runs.</param>
/// <param name="Params">Params that differ, at most 50, the greatest share first.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunShares")]
public sealed record RunShares(
    [property: Id(0)] string Metric, [property: Id(1)] int Runs, [property: Id(2)] bool Enough, [property: Id(3)] double? Explained, [property: Id(4)] IReadOnlyList<ParamShare> Params);

/// <summary>What one param explains.</summary>
/// <param name="Key">The param.</param>
/// <param name="Share">In what all explain, 0..1.</param>
/// <param name="Correlation">Spearman's rank correlation with the metric, −1..1; <see langword="null"/> when the param is not a number in all runs.</param>
[GenerateSerializer, Immutable, Alias("mlops.ParamShare")]
public sealed record ParamShare([property: Id(0)] string Key, [property: Id(1)] double Share, [property: Id(2)] double? Correlation);
