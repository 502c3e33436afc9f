using MlopsGrains.Pipelines;

namespace MlopsGrains.Client;

/// <summary>One live event of a pipeline run: either the whole run or a change.</summary>
/// <param name="Version">The run's version after it; rises with each event and survives restarts.</param>
/// <param name="Reset">The whole run: forget what was known of it and take this.</param>
/// <param name="Change">What was stored at once.</param>
public sealed record PipelineRunEvent(long Version, PipelineRun? Reset, PipelineRunChange? Change);
