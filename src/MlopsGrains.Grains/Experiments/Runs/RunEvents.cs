using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>What can happen to a run. Stored by <see cref="RunJournalCodec"/>.</summary>
internal abstract record RunEvent;

internal sealed record RunCreated(string ExperimentId, string RunName, string UserId, long StartTime, string ArtifactUri, IReadOnlyList<Tag> Tags) : RunEvent;

/// <summary>A checked batch, values cut to their limits. Repeated points are dropped when it is applied.</summary>
internal sealed record BatchLogged(MetricColumns Metrics, IReadOnlyList<Tag> Params, IReadOnlyList<Tag> Tags, ProducerPosition? Producer) : RunEvent;

/// <summary>Fields that are <see langword="null"/> stay as they are.</summary>
internal sealed record RunUpdated(RunStatus? Status, long? EndTime, string? RunName) : RunEvent;

internal sealed record TagDeleted(string Key) : RunEvent;

internal sealed record InputsLogged(IReadOnlyList<DatasetInput> Datasets) : RunEvent;

/// <summary>Only models that are new to the run, or outputs whose step changed.</summary>
internal sealed record ModelsLogged(IReadOnlyList<string> Inputs, IReadOnlyList<ModelOutput> Outputs) : RunEvent;

/// <param name="Stage">From now on.</param>
/// <param name="Time">Unix milliseconds; 0 when it was not written down.</param>
internal sealed record LifecycleChanged(LifecycleStage Stage, long Time = 0) : RunEvent;
