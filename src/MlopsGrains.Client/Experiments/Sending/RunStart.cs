using System.Text.Json;
using MlopsGrains.Client.Http;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client.Experiments.Sending;

/// <summary>A run that is to be created, in an experiment of an id, or of a name whose id may not be known yet.</summary>
internal sealed record RunStart(string? Experiment, NewRun Run)
{
    public SpoolRecord ToRecord() => new(SpoolKind.Start, JsonSerializer.SerializeToUtf8Bytes(this, GatewayJson.Options));

    public static RunStart Of(SpoolRecord record) => JsonSerializer.Deserialize<RunStart>(record.Payload.Span, GatewayJson.Options)!;

    /// <summary>What the caller knows of the run before the platform does.</summary>
    public RunInfo Head(string runId) =>
        new(runId, Run.ExperimentId, Run.RunName ?? "", Run.UserId ?? "", RunStatus.Running, Run.StartTime ?? 0, null, "", LifecycleStage.Active);
}
