namespace MlopsGrains.Deployments;

/// <summary>What each revision of a deployment was asked and how long it took, over time. The key is the deployment's name.</summary>
[GrainInterfaceType("deployment-metrics")]
public interface IDeploymentMetricsGrain : IGrainWithStringKey
{
    /// <summary>Adds what a silo counted; a repeated sequence of one counter changes nothing.</summary>
    [Alias("Count")]
    Task Count(ServingDelta delta, CancellationToken cancellationToken = default);

    /// <summary>The history of a span, in steps of whole minutes or hours.</summary>
    /// <param name="from">Since when; minutes are kept for a day, hours for 30 days.</param>
    /// <param name="to">Until when.</param>
    /// <param name="points">At most so many steps, and one more when the span does not begin with one.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [Alias("Read"), ReadOnly]
    Task<DeploymentMetrics> Read(DateTimeOffset from, DateTimeOffset to, int points, CancellationToken cancellationToken = default);
}

/// <summary>What a silo counted since its last delta.</summary>
/// <param name="CounterId">Unique for one life of one counter.</param>
/// <param name="Sequence">1, 2, 3 …</param>
/// <param name="Slots">One for each revision and minute.</param>
[GenerateSerializer, Immutable, Alias("mlops.ServingDelta")]
public sealed record ServingDelta([property: Id(0)] string CounterId, [property: Id(1)] long Sequence, [property: Id(2)] IReadOnlyList<ServingSlot> Slots);

/// <summary>One revision in one minute, or one hour.</summary>
/// <param name="Revision">Its number; 0 for those that a full slot could not tell apart.</param>
/// <param name="Minute">Unix time in minutes, of its beginning.</param>
/// <param name="Requests">All of them.</param>
/// <param name="Rows">Rows scored.</param>
/// <param name="Refused">Requests that did not fit the model.</param>
/// <param name="Failed">Requests that the platform could not answer.</param>
/// <param name="LatencyFrom">The bucket of the first of <paramref name="Latency"/>; see <see cref="LatencyBuckets"/>.</param>
/// <param name="Latency">Answered requests by bucket of their time.</param>
[GenerateSerializer, Immutable, Alias("mlops.ServingSlot")]
public sealed record ServingSlot(
    [property: Id(0)] int Revision,
    [property: Id(1)] long Minute,
    [property: Id(2)] long Requests,
    [property: Id(3)] long Rows,
    [property: Id(4)] long Refused,
    [property: Id(5)] long Failed,
    [property: Id(6)] int LatencyFrom,
    [property: Id(7)] IReadOnlyList<long> Latency);

/// <summary>Times in buckets of equal ratio, four an octave: a quantile is right to a tenth. The first is below a microsecond, the last over a minute.</summary>
public static class LatencyBuckets
{
    /// <summary>How many there are.</summary>
    public const int Count = 108;

    private const double PerOctave = 4;

    /// <summary>The bucket of a time.</summary>
    public static int Of(TimeSpan time) => time.TotalMicroseconds <= 1 ? 0 : Math.Min(Count - 1, (int)(Math.Log2(time.TotalMicroseconds) * PerOctave));

    /// <summary>The middle of a bucket, in milliseconds.</summary>
    public static double MiddleMs(int bucket) => Math.Pow(2, (bucket + 0.5) / PerOctave) / 1000;
}

/// <summary>A deployment's requests over time.</summary>
/// <param name="Deployment">Its name.</param>
/// <param name="From">Beginning of the first step.</param>
/// <param name="StepSeconds">Length of a step.</param>
/// <param name="Steps">How many there are.</param>
/// <param name="Revisions">Those that were asked, newest first; revision 0 is those that could not be told apart.</param>
[GenerateSerializer, Immutable, Alias("mlops.DeploymentMetrics")]
public sealed record DeploymentMetrics(
    [property: Id(0)] string Deployment,
    [property: Id(1)] DateTimeOffset From,
    [property: Id(2)] int StepSeconds,
    [property: Id(3)] int Steps,
    [property: Id(4)] IReadOnlyList<RevisionMetrics> Revisions);

/// <summary>One revision's requests over time.</summary>
/// <param name="Revision">Its number.</param>
/// <param name="Total">Of the whole span; its <see cref="ServingPoint.Step"/> is 0.</param>
/// <param name="Points">Steps with requests, oldest first.</param>
[GenerateSerializer, Immutable, Alias("mlops.RevisionMetrics")]
public sealed record RevisionMetrics([property: Id(0)] int Revision, [property: Id(1)] ServingPoint Total, [property: Id(2)] IReadOnlyList<ServingPoint> Points);

/// <summary>One step.</summary>
/// <param name="Step">0 is the first.</param>
/// <param name="Requests">All of them.</param>
/// <param name="Rows">Rows scored.</param>
/// <param name="Refused">Requests that did not fit the model.</param>
/// <param name="Failed">Requests that the platform could not answer.</param>
/// <param name="P50Ms">Half of the answered requests took no longer, in milliseconds of the silo that scored; <see langword="null"/> without any.</param>
/// <param name="P99Ms">The same for 99 %.</param>
[GenerateSerializer, Immutable, Alias("mlops.ServingPoint")]
public sealed record ServingPoint(
    [property: Id(0)] int Step,
    [property: Id(1)] long Requests,
    [property: Id(2)] long Rows,
    [property: Id(3)] long Refused,
    [property: Id(4)] long Failed,
    [property: Id(5)] double? P50Ms,
    [property: Id(6)] double? P99Ms);

/// <summary>The limits of a deployment's history.</summary>
public static class ServingLimits
{
    /// <summary>Most steps of an answer.</summary>
    public const int PointsMax = 500;

    /// <summary>How long minutes are kept, in minutes.</summary>
    public const int MinutesKept = 24 * 60;

    /// <summary>How long hours are kept, in hours.</summary>
    public const int HoursKept = 30 * 24;

    /// <summary>Most revisions that are told apart in one minute or hour.</summary>
    public const int RevisionsMax = 8;
}
