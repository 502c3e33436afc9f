namespace MlopsGrains.Experiments;

/// <summary>One run: the single writer of its params, metrics, tags and inputs. The key is the run id (32 lower-case hex digits when generated).</summary>
[GrainInterfaceType("run")]
public interface IRunGrain : IGrainWithStringKey
{
    /// <summary>Creates the run; the same call again answers the stored run. The experiment must exist and be active.</summary>
    [Alias("Create")]
    Task<Run> Create(NewRun run, CancellationToken cancellationToken = default);

    /// <summary>The run with its latest metrics, or <see langword="null"/> when there is none of this id. Deleted runs are returned.</summary>
    [Alias("Get"), ReadOnly]
    Task<Run?> Get(CancellationToken cancellationToken = default);

    /// <summary>Changes the given fields; the run must be active.</summary>
    [Alias("Update")]
    Task<RunInfo> Update(RunUpdate update, CancellationToken cancellationToken = default);

    /// <summary>
    /// Writes params, metrics and tags, all or nothing, and answers when they are durable. Exact repeats of metric points are stored once; a param keeps its
    /// first value and another one is refused; the last tag wins. With a producer position a repeated batch is answered and not applied again.
    /// </summary>
    [Alias("LogBatch")]
    Task LogBatch(RunBatch batch, CancellationToken cancellationToken = default);

    /// <summary>A sign of life of a run that has a heartbeat; every write is one too. The run must be active.</summary>
    [Alias("Beat")]
    Task Beat(CancellationToken cancellationToken = default);

    /// <summary>Removes a tag; throws not found when it is absent.</summary>
    [Alias("DeleteTag")]
    Task DeleteTag(string key, CancellationToken cancellationToken = default);

    /// <summary>Records the datasets and the logged models that the run read, all or none; repeats of a dataset's (name, digest) and of a model's id are stored once.</summary>
    [Alias("LogInputs")]
    Task LogInputs(IReadOnlyList<DatasetInput> datasets, IReadOnlyList<string> models, CancellationToken cancellationToken = default);

    /// <summary>Records the logged models that the run made; a model is stored once, with the step given last.</summary>
    [Alias("LogOutputs")]
    Task LogOutputs(IReadOnlyList<ModelOutput> models, CancellationToken cancellationToken = default);

    /// <summary>Appends an MLflow model description (JSON with <c>artifact_path</c>, <c>flavors</c>, <c>utc_time_created</c>, <c>run_id</c>) to the list
    /// in the tag <c>mlflow.log-model.history</c>.</summary>
    [Alias("LogModelDescription")]
    Task LogModelDescription(string modelJson, CancellationToken cancellationToken = default);

    /// <summary>Marks the run deleted; again changes nothing.</summary>
    [Alias("Delete")]
    Task Delete(CancellationToken cancellationToken = default);

    /// <summary>Brings the run back; again changes nothing.</summary>
    [Alias("Restore")]
    Task Restore(CancellationToken cancellationToken = default);

    /// <summary>
    /// What changed after a version of the run, as soon as something is stored, or nothing after <paramref name="wait"/> (at most 10 seconds). Without a version, or with one
    /// whose changes are no longer remembered, the whole run. Never in the way of those who log.
    /// </summary>
    [Alias("Watch"), AlwaysInterleave]
    Task<RunChanges> Watch(long? after, TimeSpan wait, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lowest and highest point of a metric per bucket of steps, at most <paramref name="buckets"/> (2–10,000) between two steps, both included. Bucket widths are
    /// powers of two and buckets begin at multiples of them, so a complete bucket does not change when points are appended, until the range outgrows the chart.
    /// </summary>
    [Alias("GetMetricBuckets"), ReadOnly]
    Task<MetricBuckets> GetMetricBuckets(string key, int buckets, long startStep, long endStep, CancellationToken cancellationToken = default);

    /// <summary>A metric's points ordered by timestamp, step, value; empty for an unknown metric or run. <paramref name="maxResults"/> is 1–25,000.</summary>
    [Alias("GetMetricHistory"), ReadOnly]
    Task<MetricHistory> GetMetricHistory(string key, string? pageToken, int maxResults, CancellationToken cancellationToken = default);
}

/// <summary>A run's state.</summary>
public enum RunStatus
{
    /// <summary>In progress.</summary>
    Running = 1,

    /// <summary>Waiting to begin.</summary>
    Scheduled = 2,

    /// <summary>Ended well.</summary>
    Finished = 3,

    /// <summary>Ended with an error.</summary>
    Failed = 4,

    /// <summary>Stopped from outside.</summary>
    Killed = 5,
}

/// <summary>What is needed to create a run.</summary>
/// <param name="ExperimentId">An existing, active experiment.</param>
/// <param name="RunName">At most 250 characters; a random readable one when <see langword="null"/>. Mirrors the tag <c>mlflow.runName</c>.</param>
/// <param name="UserId">Free text.</param>
/// <param name="StartTime">Unix milliseconds; now when <see langword="null"/>.</param>
/// <param name="Tags">Initial tags.</param>
/// <param name="HeartbeatTimeoutSeconds">Sets the tag <see cref="HeartbeatTag"/>.</param>
[GenerateSerializer, Immutable, Alias("mlops.NewRun")]
public sealed record NewRun(
    [property: Id(0)] string ExperimentId,
    [property: Id(1)] string? RunName = null,
    [property: Id(2)] string? UserId = null,
    [property: Id(3)] long? StartTime = null,
    [property: Id(4)] IReadOnlyList<Tag>? Tags = null,
    [property: Id(5)] int? HeartbeatTimeoutSeconds = null)
{
    /// <summary>The tag that says after how many seconds of silence a running run counts as failed; 5–604,800.</summary>
    public const string HeartbeatTag = "mlops.heartbeat.timeout_s";
}

/// <summary>Fields to change; <see langword="null"/> leaves one as it is.</summary>
[GenerateSerializer, Immutable, Alias("mlops.RunUpdate")]
public sealed record RunUpdate(
    [property: Id(0)] RunStatus? Status = null,
    [property: Id(1)] long? EndTime = null,
    [property: Id(2)] string? RunName = null);

/// <summary>A run's head. Times are Unix milliseconds.</summary>
[GenerateSerializer, Immutable, Alias("mlops.RunInfo")]
public sealed record RunInfo(
    [property: Id(0)] string RunId,
    [property: Id(1)] string ExperimentId,
    [property: Id(2)] string RunName,
    [property: Id(3)] string UserId,
    [property: Id(4)] RunStatus Status,
    [property: Id(5)] long StartTime,
    [property: Id(6)] long? EndTime,
    [property: Id(7)] string ArtifactUri,
    [property: Id(8)] LifecycleStage LifecycleStage);

/// <summary>A run with its latest metric values.</summary>
[GenerateSerializer, Immutable, Alias("mlops.Run")]
public sealed record Run(
    [property: Id(0)] RunInfo Info,
    [property: Id(1)] IReadOnlyList<Metric> Metrics,
    [property: Id(2)] IReadOnlyList<Tag> Params,
    [property: Id(3)] IReadOnlyList<Tag> Tags,
    [property: Id(4)] IReadOnlyList<DatasetInput> Inputs,
    [property: Id(5)] IReadOnlyList<string> ModelInputs,
    [property: Id(6)] IReadOnlyList<ModelOutput> ModelOutputs);

/// <summary>A logged model that a run made.</summary>
/// <param name="ModelId">The logged model's id.</param>
/// <param name="Step">The training step it belongs to.</param>
[GenerateSerializer, Immutable, Alias("mlops.ModelOutput")]
public sealed record ModelOutput([property: Id(0)] string ModelId, [property: Id(1)] long Step);

/// <summary>One measured value.</summary>
/// <param name="Key">At most 250 characters.</param>
/// <param name="Value">Any double, also NaN and the infinities.</param>
/// <param name="Timestamp">Unix milliseconds, not negative.</param>
/// <param name="Step">Any whole number.</param>
[GenerateSerializer, Immutable, Alias("mlops.Metric")]
public sealed record Metric(
    [property: Id(0)] string Key,
    [property: Id(1)] double Value,
    [property: Id(2)] long Timestamp,
    [property: Id(3)] long Step);

/// <summary>
/// Metric points as columns, so that a batch of a thousand costs a handful of arrays. Point <c>i</c> is
/// (<c>Keys[KeyIndexes[i]]</c>, <c>Values[i]</c>, <c>Timestamps[i]</c>, <c>Steps[i]</c>).
/// </summary>
[GenerateSerializer, Immutable, Alias("mlops.MetricColumns")]
public sealed record MetricColumns(
    [property: Id(0)] string[] Keys,
    [property: Id(1)] int[] KeyIndexes,
    [property: Id(2)] double[] Values,
    [property: Id(3)] long[] Timestamps,
    [property: Id(4)] long[] Steps)
{
    /// <summary>No points.</summary>
    public static MetricColumns Empty { get; } = new([], [], [], [], []);

    /// <summary>How many points.</summary>
    public int Count => Values.Length;
}

/// <summary>Params, metrics and tags to write together: at most 1,000 points, 100 params, 100 tags and 1,000 in all.</summary>
[GenerateSerializer, Immutable, Alias("mlops.RunBatch")]
public sealed record RunBatch(
    [property: Id(0)] MetricColumns Metrics,
    [property: Id(1)] IReadOnlyList<Tag> Params,
    [property: Id(2)] IReadOnlyList<Tag> Tags,
    [property: Id(3)] ProducerPosition? Producer = null);

/// <summary>
/// Makes a batch exactly-once: a producer numbers its batches 1, 2, 3 …; a number that is stored is answered and not applied again. Batches may arrive in any order and numbers may
/// be left out, up to 63 gaps at a time; a batch from before gaps that the run has forgotten is refused (<see cref="Errors.ErrorKind.Conflict"/>).
/// </summary>
/// <param name="ProducerId">1–64 characters, unique for each producer's life.</param>
/// <param name="Sequence">From 1, rising by 1.</param>
[GenerateSerializer, Immutable, Alias("mlops.ProducerPosition")]
public sealed record ProducerPosition([property: Id(0)] string ProducerId, [property: Id(1)] long Sequence);

/// <summary>A dataset that a run read.</summary>
[GenerateSerializer, Immutable, Alias("mlops.DatasetInput")]
public sealed record DatasetInput(
    [property: Id(0)] string Name,
    [property: Id(1)] string Digest,
    [property: Id(2)] string SourceType,
    [property: Id(3)] string Source,
    [property: Id(4)] string? Schema,
    [property: Id(5)] string? Profile,
    [property: Id(6)] IReadOnlyList<Tag> Tags);

/// <summary>A page of one metric's points.</summary>
[GenerateSerializer, Immutable, Alias("mlops.MetricHistory")]
public sealed record MetricHistory([property: Id(0)] MetricColumns Points, [property: Id(1)] string? NextPageToken);

/// <summary>A point of a metric whose key is known.</summary>
/// <param name="Value">Any double.</param>
/// <param name="Timestamp">Unix milliseconds.</param>
/// <param name="Step">Any whole number.</param>
[GenerateSerializer, Immutable, Alias("mlops.MetricPoint")]
public sealed record MetricPoint([property: Id(0)] double Value, [property: Id(1)] long Timestamp, [property: Id(2)] long Step);

/// <summary>A metric as a chart of limited width shows it.</summary>
/// <param name="StepWidth">How many steps a bucket spans, a power of two.</param>
/// <param name="Buckets">Those that have points, by step.</param>
[GenerateSerializer, Immutable, Alias("mlops.MetricBuckets")]
public sealed record MetricBuckets([property: Id(0)] ulong StepWidth, [property: Id(1)] IReadOnlyList<MetricBucket> Buckets);

/// <summary>The points whose steps lie in one bucket.</summary>
/// <param name="FirstStep">A multiple of the width.</param>
/// <param name="Count">Points, also those that are not numbers.</param>
/// <param name="NotANumber">How many of them are NaN.</param>
/// <param name="Min">The lowest number, the earliest of equals; <see langword="null"/> when all are NaN.</param>
/// <param name="Max">The highest number, the earliest of equals.</param>
[GenerateSerializer, Immutable, Alias("mlops.MetricBucket")]
public sealed record MetricBucket(
    [property: Id(0)] long FirstStep, [property: Id(1)] long Count, [property: Id(2)] long NotANumber, [property: Id(3)] MetricPoint? Min, [property: Id(4)] MetricPoint? Max);
