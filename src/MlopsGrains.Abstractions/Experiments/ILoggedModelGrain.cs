namespace MlopsGrains.Experiments;

/// <summary>
/// A logged model: a model that a run made, before or without being registered. The key is its id, <c>m-</c> and 32 lower-case hex digits. It is the single
/// writer of its params, tags, status, registrations and latest metrics. A deleted one refuses every change with not found.
/// </summary>
[GrainInterfaceType("logged-model")]
public interface ILoggedModelGrain : IGrainWithStringKey
{
    /// <summary>Creates the model, <see cref="LoggedModelStatus.Pending"/>; the same call again answers the stored one. The experiment must exist and be active.</summary>
    [Alias("Create")]
    Task<LoggedModel> Create(NewLoggedModel model, CancellationToken cancellationToken = default);

    /// <summary>The model, deleted or not (see <see cref="LoggedModel.LifecycleStage"/>), or <see langword="null"/> when there is none of this id.</summary>
    [Alias("Get"), ReadOnly]
    Task<LoggedModel?> Get(CancellationToken cancellationToken = default);

    /// <summary>Says that its files are complete or failed; a model that was finished cannot become pending again.</summary>
    [Alias("SetStatus")]
    Task<LoggedModel> SetStatus(LoggedModelStatus status, CancellationToken cancellationToken = default);

    /// <summary>Sets tags (key ≤ 250, value ≤ 100,000 characters, at most 100 at once); the last of a key wins.</summary>
    [Alias("SetTags")]
    Task<LoggedModel> SetTags(IReadOnlyList<Tag> tags, CancellationToken cancellationToken = default);

    /// <summary>Removes a tag; throws not found when it is absent.</summary>
    [Alias("DeleteTag")]
    Task<LoggedModel> DeleteTag(string key, CancellationToken cancellationToken = default);

    /// <summary>Adds params (key ≤ 255, value cut at 6,000 characters, at most 100 at once), all or none; a param keeps its first value and another one is refused.</summary>
    [Alias("LogParams")]
    Task LogParams(IReadOnlyList<Tag> parameters, CancellationToken cancellationToken = default);

    /// <summary>Whether <see cref="LogMetrics"/> would take these points; throws what it would throw and changes nothing.</summary>
    [Alias("CheckMetrics"), ReadOnly]
    Task CheckMetrics(IReadOnlyList<LoggedModelMetric> metrics, CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes measured values; of each key, run and dataset the latest is kept (greatest timestamp, then step, then value), so repeats and late points change
    /// nothing. The history stays with the run.
    /// </summary>
    [Alias("LogMetrics")]
    Task LogMetrics(IReadOnlyList<LoggedModelMetric> metrics, CancellationToken cancellationToken = default);

    /// <summary>Called when a version is registered from this model: shows in <see cref="LoggedModel.Registrations"/> and the tag <c>mlflow.modelVersions</c>; again changes nothing.</summary>
    [Alias("AddRegistration")]
    Task AddRegistration(ModelRegistration registration, CancellationToken cancellationToken = default);

    /// <summary>Marks it deleted; throws not found when it is deleted already.</summary>
    [Alias("Delete")]
    Task Delete(CancellationToken cancellationToken = default);

    /// <summary>Called by the index: the model as searches see it, including everything acknowledged so far; it counts as clean from then on.</summary>
    [Alias("Collect")]
    Task<LoggedModel?> Collect(CancellationToken cancellationToken = default);
}

/// <summary>Whether a logged model's files are there.</summary>
public enum LoggedModelStatus
{
    /// <summary>Files are being uploaded.</summary>
    Pending = 1,

    /// <summary>Complete.</summary>
    Ready = 2,

    /// <summary>The upload failed.</summary>
    UploadFailed = 3,
}

/// <summary>What is needed to create a logged model.</summary>
/// <param name="ExperimentId">An existing, active experiment.</param>
/// <param name="Name">At most 500 characters, none of <c>/ : . % " '</c>; a random readable one when <see langword="null"/>.</param>
/// <param name="ModelType">Free text, at most 500 characters.</param>
/// <param name="SourceRunId">The run that made it.</param>
/// <param name="Params">Initial params, at most 100.</param>
/// <param name="Tags">Initial tags, at most 100.</param>
[GenerateSerializer, Immutable, Alias("mlops.NewLoggedModel")]
public sealed record NewLoggedModel(
    [property: Id(0)] string ExperimentId,
    [property: Id(1)] string? Name = null,
    [property: Id(2)] string? ModelType = null,
    [property: Id(3)] string? SourceRunId = null,
    [property: Id(4)] IReadOnlyList<Tag>? Params = null,
    [property: Id(5)] IReadOnlyList<Tag>? Tags = null);

/// <summary>A logged model. Times are Unix milliseconds; lists are in ordinal order of their keys, registrations in the order they came.</summary>
[GenerateSerializer, Immutable, Alias("mlops.LoggedModel")]
public sealed record LoggedModel(
    [property: Id(0)] string ModelId,
    [property: Id(1)] string ExperimentId,
    [property: Id(2)] string Name,
    [property: Id(3)] string? ModelType,
    [property: Id(4)] string? SourceRunId,
    [property: Id(5)] string ArtifactUri,
    [property: Id(6)] LoggedModelStatus Status,
    [property: Id(7)] LifecycleStage LifecycleStage,
    [property: Id(8)] long CreationTime,
    [property: Id(9)] long LastUpdateTime,
    [property: Id(10)] IReadOnlyList<Tag> Params,
    [property: Id(11)] IReadOnlyList<Tag> Tags,
    [property: Id(12)] IReadOnlyList<LoggedModelMetric> Metrics,
    [property: Id(13)] IReadOnlyList<ModelRegistration> Registrations);

/// <summary>A value measured for a logged model by a run, on a dataset when one is named.</summary>
[GenerateSerializer, Immutable, Alias("mlops.LoggedModelMetric")]
public sealed record LoggedModelMetric(
    [property: Id(0)] string Key,
    [property: Id(1)] double Value,
    [property: Id(2)] long Timestamp,
    [property: Id(3)] long Step,
    [property: Id(4)] string? RunId = null,
    [property: Id(5)] string? DatasetName = null,
    [property: Id(6)] string? DatasetDigest = null);

/// <summary>The version of a registered model that was made from a logged model.</summary>
[GenerateSerializer, Immutable, Alias("mlops.ModelRegistration")]
public sealed record ModelRegistration([property: Id(0)] string Name, [property: Id(1)] int Version);
