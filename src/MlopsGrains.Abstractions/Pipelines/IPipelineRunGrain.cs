using MlopsGrains.Identity;

namespace MlopsGrains.Pipelines;

/// <summary>One run of a pipeline: the single writer of its steps' states. The key is the pipeline run's id.</summary>
[GrainInterfaceType("pipeline-run")]
public interface IPipelineRunGrain : IGrainWithStringKey
{
    /// <summary>Called by the pipeline: begins the run; again answers the stored run.</summary>
    [Alias("Begin")]
    Task<PipelineRun> Begin(PipelineDefinition definition, StartPipeline start, CancellationToken cancellationToken = default);

    /// <summary>The run, or <see langword="null"/>.</summary>
    [Alias("Get"), ReadOnly]
    Task<PipelineRun?> Get(CancellationToken cancellationToken = default);

    /// <summary>Log lines after line <paramref name="after"/> (0 for all), at most <paramref name="limit"/> (1–10,000).</summary>
    [Alias("Logs"), ReadOnly]
    Task<IReadOnlyList<StepLogLine>> Logs(long after, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// What changed after a version of the run, as soon as something is stored, or nothing after <paramref name="wait"/> (at most 10 seconds). Without a version, or with one
    /// whose changes are no longer remembered, the whole run. Never in the way of those who work.
    /// </summary>
    [Alias("Watch"), AlwaysInterleave]
    Task<PipelineRunChanges> Watch(long? after, TimeSpan wait, CancellationToken cancellationToken = default);

    /// <summary>Cancels what has not ended; workers learn it at their next heartbeat. An ended run is left as it is.</summary>
    [Alias("Cancel")]
    Task<PipelineRun> Cancel(string reason, CancellationToken cancellationToken = default);

    /// <summary>Called by a worker: takes a ready step, or <see langword="null"/> when it is not ready (any more).</summary>
    [Alias("Lease")]
    Task<StepLease?> Lease(string step, string worker, CancellationToken cancellationToken = default);

    /// <summary>Called by a worker about once a second, so that it soon learns of a cancel; adds log lines. A stale token is refused (<see cref="Errors.ErrorKind.Conflict"/>).</summary>
    [Alias("Heartbeat")]
    Task<HeartbeatReply> Heartbeat(StepToken token, IReadOnlyList<string> logLines, CancellationToken cancellationToken = default);

    /// <summary>Called by a worker: the attempt's result, published once. The same result again is answered alike; a stale token is refused.</summary>
    [Alias("Complete")]
    Task Complete(StepToken token, StepResult result, CancellationToken cancellationToken = default);

    /// <summary>Called by the sweep: re-offers ready steps and expires leases.</summary>
    [Alias("Sweep")]
    Task Sweep(CancellationToken cancellationToken = default);
}

/// <summary>The state of a pipeline run.</summary>
public enum PipelineRunStatus
{
    /// <summary>Steps are waiting or at work.</summary>
    Running = 0,

    /// <summary>Every step succeeded.</summary>
    Succeeded = 1,

    /// <summary>A step failed for good.</summary>
    Failed = 2,

    /// <summary>A gate said no.</summary>
    Rejected = 3,

    /// <summary>Stopped from outside.</summary>
    Cancelled = 4,
}

/// <summary>The state of a step.</summary>
public enum StepStatus
{
    /// <summary>Needs have not ended.</summary>
    Waiting = 0,

    /// <summary>May be leased.</summary>
    Ready = 1,

    /// <summary>A worker is at it.</summary>
    Running = 2,

    /// <summary>Failed; will be tried again.</summary>
    RetryWait = 3,

    /// <summary>Done.</summary>
    Succeeded = 4,

    /// <summary>Failed for good.</summary>
    Failed = 5,

    /// <summary>Not run: something before it did not succeed.</summary>
    Skipped = 6,

    /// <summary>Stopped from outside.</summary>
    Cancelled = 7,

    /// <summary>A gate or expectation said no; the run stops.</summary>
    Rejected = 8,
}

/// <summary>A pipeline run as it stands.</summary>
/// <param name="PipelineRunId">32 lower-case hex digits.</param>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="DefinitionVersion">What defines it.</param>
/// <param name="DefinitionDigest">SHA-256 of the definition's text.</param>
/// <param name="Status">How it stands.</param>
/// <param name="Cause">Why: <c>manual</c>, or <c>alert/&lt;id&gt;</c>.</param>
/// <param name="Params">All params, with defaults.</param>
/// <param name="Steps">In an order in which every step comes after its needs.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Reason">Why it did not succeed.</param>
/// <param name="StartedBy">The actor that started it; <see langword="null"/> from a silo of an earlier version.</param>
/// <param name="LogLines">Lines of its log so far.</param>
[GenerateSerializer, Immutable, Alias("mlops.PipelineRun")]
public sealed record PipelineRun(
    [property: Id(0)] string PipelineRunId,
    [property: Id(1)] string Pipeline,
    [property: Id(2)] int DefinitionVersion,
    [property: Id(3)] string DefinitionDigest,
    [property: Id(4)] PipelineRunStatus Status,
    [property: Id(5)] string Cause,
    [property: Id(6)] IReadOnlyDictionary<string, string> Params,
    [property: Id(7)] IReadOnlyList<PipelineStep> Steps,
    [property: Id(8)] DateTimeOffset StartedAt,
    [property: Id(9)] DateTimeOffset? EndedAt,
    [property: Id(10)] string? Reason,
    [property: Id(11)] string? StartedBy = null,
    [property: Id(12)] long LogLines = 0);

/// <summary>One step (a fan-out makes one of each value: <c>train@fast-tree</c>).</summary>
/// <param name="Name">Unique in the run.</param>
/// <param name="Uses">Kind of step.</param>
/// <param name="Needs">Names of the run's steps that come before it.</param>
/// <param name="Status">How it stands.</param>
/// <param name="Attempt">The newest attempt; 0 before the first.</param>
/// <param name="StartedAt">When its first attempt began.</param>
/// <param name="EndedAt">When it ended for good.</param>
/// <param name="Outputs">What it gave, once it has succeeded.</param>
/// <param name="Error">Why the newest attempt that ended did not succeed.</param>
/// <param name="Group">The definition's name of it, which the steps of a fan-out share; <see langword="null"/> from a silo of an earlier version.</param>
/// <param name="ReadyAt">Since when a worker may take it: all that it needs had succeeded.</param>
/// <param name="AttemptsMax">How often its own errors are tried, 1–10.</param>
/// <param name="TimeoutSeconds">Longest time of one attempt.</param>
/// <param name="With">Its inputs as JSON text, references unresolved; <see langword="null"/> from a silo of an earlier version.</param>
/// <param name="Attempts">All attempts, oldest first.</param>
[GenerateSerializer, Immutable, Alias("mlops.PipelineStep")]
public sealed record PipelineStep(
    [property: Id(0)] string Name,
    [property: Id(1)] string Uses,
    [property: Id(2)] IReadOnlyList<string> Needs,
    [property: Id(3)] StepStatus Status,
    [property: Id(4)] int Attempt,
    [property: Id(5)] DateTimeOffset? StartedAt,
    [property: Id(6)] DateTimeOffset? EndedAt,
    [property: Id(7)] IReadOnlyDictionary<string, string> Outputs,
    [property: Id(8)] string? Error,
    [property: Id(9)] string? Group = null,
    [property: Id(10)] DateTimeOffset? ReadyAt = null,
    [property: Id(11)] int AttemptsMax = 1,
    [property: Id(12)] int TimeoutSeconds = 0,
    [property: Id(13)] string? With = null,
    [property: Id(14)] IReadOnlyList<StepAttempt>? Attempts = null);

/// <summary>One attempt at a step.</summary>
/// <param name="Number">1 for the first.</param>
/// <param name="Worker">Who held it.</param>
/// <param name="StartedAt">When the worker took it.</param>
/// <param name="EndedAt">When it ended; <see langword="null"/> while it is held, and for attempts that ended before this was recorded.</param>
/// <param name="Outcome">How it ended; <see langword="null"/> while it is held, and when the run was stopped over its head.</param>
/// <param name="Error">Why it did not succeed.</param>
/// <param name="RetryAt">When the next attempt may begin; <see langword="null"/> when there is none.</param>
[GenerateSerializer, Immutable, Alias("mlops.StepAttempt")]
public sealed record StepAttempt(
    [property: Id(0)] int Number,
    [property: Id(1)] string Worker,
    [property: Id(2)] DateTimeOffset StartedAt,
    [property: Id(3)] DateTimeOffset? EndedAt,
    [property: Id(4)] AttemptOutcome? Outcome,
    [property: Id(5)] string? Error,
    [property: Id(6)] DateTimeOffset? RetryAt);

/// <summary>How an attempt ended. Lost stands apart from failed: it is the platform's fault and does not use up the step's own attempts.</summary>
public enum AttemptOutcome
{
    /// <summary>Done.</summary>
    Succeeded = 0,

    /// <summary>The step's own error.</summary>
    Failed = 1,

    /// <summary>A gate or expectation said no.</summary>
    Rejected = 2,

    /// <summary>The worker was silent, or gave the step back.</summary>
    Lost = 3,

    /// <summary>It took longer than its timeout.</summary>
    TimedOut = 4,
}

/// <summary>Proof of holding a step.</summary>
[GenerateSerializer, Immutable, Alias("mlops.StepToken")]
public sealed record StepToken([property: Id(0)] string Step, [property: Id(1)] int Attempt, [property: Id(2)] string Secret);

/// <summary>Work handed to a worker.</summary>
/// <param name="Token">Proof of holding it.</param>
/// <param name="Uses">Kind of step, such as <c>model/train</c>.</param>
/// <param name="With">Inputs as JSON, all references resolved.</param>
/// <param name="LeaseSeconds">Silence after which the attempt counts as lost.</param>
/// <param name="Key">Same for every attempt: the idempotency key for side effects (<c>run id/step</c>).</param>
/// <param name="Pipeline">Pipeline name.</param>
/// <param name="DefinitionDigest">What defines the run.</param>
/// <param name="AlertTriggers">Deployments whose alerts start this pipeline.</param>
/// <param name="For">The user for whom it is done; <see langword="null"/> when whoever started the run may do everything.</param>
/// <param name="StartedBy">The actor that started the run.</param>
[GenerateSerializer, Immutable, Alias("mlops.StepLease")]
public sealed record StepLease(
    [property: Id(0)] StepToken Token,
    [property: Id(1)] string Uses,
    [property: Id(2)] string With,
    [property: Id(3)] int LeaseSeconds,
    [property: Id(4)] string Key,
    [property: Id(5)] string Pipeline,
    [property: Id(6)] string DefinitionDigest,
    [property: Id(7)] IReadOnlyList<string>? AlertTriggers = null,
    [property: Id(8)] Principal? For = null,
    [property: Id(9)] string? StartedBy = null);

/// <summary>What the worker must do.</summary>
[GenerateSerializer, Immutable, Alias("mlops.HeartbeatReply")]
public sealed record HeartbeatReply([property: Id(0)] bool Cancel);

/// <summary>How an attempt ended.</summary>
public enum StepOutcome
{
    /// <summary>Done; outputs are published.</summary>
    Succeeded = 0,

    /// <summary>The step's own error; retried while attempts are left.</summary>
    Failed = 1,

    /// <summary>A gate or expectation said no; never retried.</summary>
    Rejected = 2,

    /// <summary>The worker had to give the step back (it is stopping); tried again elsewhere, not counted against the step's attempts.</summary>
    Lost = 3,
}

/// <summary>An attempt's result.</summary>
[GenerateSerializer, Immutable, Alias("mlops.StepResult")]
public sealed record StepResult(
    [property: Id(0)] StepOutcome Outcome,
    [property: Id(1)] IReadOnlyDictionary<string, string> Outputs,
    [property: Id(2)] string? Error,
    [property: Id(3)] IReadOnlyList<string> LogLines);

/// <summary>One line of a step's log.</summary>
[GenerateSerializer, Immutable, Alias("mlops.StepLogLine")]
public sealed record StepLogLine(
    [property: Id(0)] long Line,
    [property: Id(1)] DateTimeOffset Time,
    [property: Id(2)] string Step,
    [property: Id(3)] int Attempt,
    [property: Id(4)] string Text);
