namespace MlopsGrains.Pipelines;

/// <summary>What happened to a pipeline run after a version of it.</summary>
/// <param name="Version">From where to ask next.</param>
/// <param name="Reset">The whole run, when it was not asked for a version or its changes are no longer remembered.</param>
/// <param name="Changes">Else every change, oldest first.</param>
[GenerateSerializer, Immutable, Alias("mlops.PipelineRunChanges")]
public sealed record PipelineRunChanges(
    [property: Id(0)] long Version,
    [property: Id(1)] PipelineRun? Reset,
    [property: Id(2)] IReadOnlyList<PipelineRunChange> Changes);

/// <summary>What was stored of a pipeline run at once.</summary>
/// <param name="Version">Of the run after it; rises with each change and survives restarts.</param>
/// <param name="Status">Of the run.</param>
/// <param name="EndedAt">When the run ended.</param>
/// <param name="Reason">Why it did not succeed.</param>
/// <param name="Steps">The steps that changed, whole; empty when only lines were logged.</param>
/// <param name="Log">The lines that were logged.</param>
[GenerateSerializer, Immutable, Alias("mlops.PipelineRunChange")]
public sealed record PipelineRunChange(
    [property: Id(0)] long Version,
    [property: Id(1)] PipelineRunStatus Status,
    [property: Id(2)] DateTimeOffset? EndedAt,
    [property: Id(3)] string? Reason,
    [property: Id(4)] IReadOnlyList<PipelineStep> Steps,
    [property: Id(5)] IReadOnlyList<StepLogLine> Log);
