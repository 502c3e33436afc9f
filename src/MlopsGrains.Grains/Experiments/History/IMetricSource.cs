using MlopsGrains.Experiments;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments.History;

/// <summary>What a run tells of its metrics when several runs are compared. The key is the run's id.</summary>
[GrainInterfaceType("metric-source")]
internal interface IMetricSource : IGrainWithStringKey
{
    /// <summary>The distinct steps in a range, both ends included.</summary>
    [Alias("GetSteps"), ReadOnly]
    Task<MetricSteps> GetSteps(string key, long startStep, long endStep, CancellationToken cancellationToken = default);

    /// <summary>Points at the given steps (rising), ordered by step, timestamp, value, at most <paramref name="maxResults"/>.</summary>
    [Alias("GetPointsAt"), ReadOnly]
    Task<MetricColumns> GetPointsAt(string key, long[] steps, int maxResults, CancellationToken cancellationToken = default);

    /// <summary>A curve of each of the keys, in their order; <see langword="null"/> when there is no such run.</summary>
    [Alias("GetCurves"), ReadOnly]
    Task<IReadOnlyList<MetricCurve>?> GetCurves(CurveQuery query, CancellationToken cancellationToken = default);
}

/// <summary>Rising steps as equally spaced runs, in three columns.</summary>
[GenerateSerializer, Immutable, Alias("mlops.MetricSteps")]
internal sealed record MetricSteps([property: Id(0)] long[] Firsts, [property: Id(1)] long[] Strides, [property: Id(2)] long[] Counts);
