namespace MlopsGrains.Experiments;

/// <summary>Metrics of several runs, for charts that show them side by side. A stateless worker; use key 0.</summary>
[GrainInterfaceType("metric-histories")]
public interface IMetricHistoriesGrain : IGrainWithIntegerKey
{
    /// <summary>Points ordered by run, timestamp, step, value, at most <paramref name="maxResults"/> (1–25,000) over all runs.</summary>
    /// <param name="runIds">1–100.</param>
    /// <param name="key">The metric.</param>
    /// <param name="maxResults">Points over all runs.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [Alias("All"), ResponseTimeout("00:02:00")]
    Task<IReadOnlyList<RunMetricHistory>> All(IReadOnlyList<string> runIds, string key, int maxResults, CancellationToken cancellationToken = default);

    /// <summary>
    /// Points of all runs at the same steps: of the distinct steps in range about <paramref name="maxSteps"/> (1–2,500) at even places, the last one, and each run's first and last. A
    /// run's points are ordered by step, timestamp, value, at most 25,000.
    /// </summary>
    /// <param name="runIds">1–100.</param>
    /// <param name="key">The metric.</param>
    /// <param name="startStep">With <paramref name="endStep"/>; both included. Without, from 0 on.</param>
    /// <param name="endStep">With <paramref name="startStep"/>.</param>
    /// <param name="maxSteps">How many steps.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [Alias("Sampled"), ResponseTimeout("00:02:00")]
    Task<IReadOnlyList<RunMetricHistory>> Sampled(
        IReadOnlyList<string> runIds, string key, long? startStep, long? endStep, int maxSteps, CancellationToken cancellationToken = default);

    /// <summary>Several metrics of several runs for a chart of limited width, by run and then by key, each in the order asked for.</summary>
    /// <exception cref="Errors.MlopsException">A run is not there, or more is asked for than the limits of <see cref="CurveQuery"/>.</exception>
    [Alias("Curves"), ResponseTimeout("00:02:00")]
    Task<IReadOnlyList<MetricCurve>> Curves(CurveQuery query, CancellationToken cancellationToken = default);
}

/// <summary>Points of one metric of one run.</summary>
[GenerateSerializer, Immutable, Alias("mlops.RunMetricHistory")]
public sealed record RunMetricHistory([property: Id(0)] string RunId, [property: Id(1)] MetricColumns Points);
