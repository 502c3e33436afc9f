using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Runs;

internal static class PipelineRunView
{
    /// <summary>The state as callers see it; secrets stay inside.</summary>
    public static PipelineRun Of(PipelineRunState state) => new(
        state.PipelineRunId,
        state.Pipeline,
        state.DefinitionVersion,
        state.DefinitionDigest,
        state.Status,
        state.Cause,
        state.Params.ToDictionary(p => p.Key, p => ScalarText.Of(p.Value)),
        [.. state.Steps.Select(Of)],
        state.StartedAt,
        state.EndedAt,
        state.Reason,
        state.StartedBy,
        state.Log.Count);

    public static PipelineStep Of(StepState step) => new(
        step.Name,
        step.Plan.Uses,
        step.Plan.Needs,
        step.Status,
        step.Attempt,
        step.StartedAt,
        step.EndedAt,
        new Dictionary<string, string>(step.Outputs),
        step.Error,
        step.Plan.Group,
        step.ReadyAt,
        step.Plan.Attempts,
        step.Plan.TimeoutSeconds,
        step.Plan.With,
        [.. step.Attempts.Select((a, i) => new StepAttempt(i + 1, a.Worker, a.StartedAt, a.EndedAt, a.Outcome, a.Error, a.RetryAt))]);
}
