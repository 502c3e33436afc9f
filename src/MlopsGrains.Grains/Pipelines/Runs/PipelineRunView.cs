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
        [.. state.Steps.Select(s => new PipelineStep(
            s.Name, s.Plan.Uses, s.Plan.Needs, s.Status, s.Attempt, s.StartedAt, s.EndedAt, new Dictionary<string, string>(s.Outputs), s.Error))],
        state.StartedAt,
        state.EndedAt,
        state.Reason);
}
