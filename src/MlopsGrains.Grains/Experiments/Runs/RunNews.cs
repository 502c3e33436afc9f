using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>Stored events in the words of those who watch. Pure.</summary>
internal static class RunNews
{
    private const int MetricsMax = 100;

    /// <param name="e">What was stored.</param>
    /// <param name="version">The run's version after it.</param>
    /// <param name="before">The head before it.</param>
    /// <param name="after">The head after it.</param>
    public static RunChange Change(RunEvent e, long version, RunInfo before, RunInfo after)
    {
        var change = new RunChange(version, before == after ? null : after);
        return e switch
        {
            BatchLogged batch => change with
            {
                Metrics = batch.Metrics.Count > 0 ? batch.Metrics : null,
                Params = Some(batch.Params),
                Tags = Some(batch.Tags),
            },
            RunCreated created => change with { Tags = Some(created.Tags) },
            RunUpdated { RunName: { } name } => change with { Tags = [new Tag(RunState.RunNameTag, name)] },
            TagDeleted deleted => change with { DeletedTags = [deleted.Key] },
            InputsLogged inputs => change with { Inputs = inputs.Datasets },
            ModelsLogged models => change with { ModelInputs = Some(models.Inputs), ModelOutputs = Some(models.Outputs) },
            _ => change,
        };
    }

    public static int Weight(RunChange change) =>
        (change.Metrics?.Count ?? 0) + (change.Params?.Count ?? 0) + (change.Tags?.Count ?? 0) + (10 * (change.Inputs?.Count ?? 0));

    public static ExperimentChangeKind Kind(RunEvent e) => e switch
    {
        RunCreated => ExperimentChangeKind.Created,
        RunUpdated { Status: { } status } when status.HasEnded() => ExperimentChangeKind.Ended,
        LifecycleChanged { Stage: LifecycleStage.Deleted } => ExperimentChangeKind.Deleted,
        LifecycleChanged => ExperimentChangeKind.Restored,
        _ => ExperimentChangeKind.Updated,
    };

    public static ExperimentChange Summary(ExperimentChangeKind kind, Run run) =>
        new(kind, run.Info, run.Metrics.Count <= MetricsMax ? run.Metrics : [.. run.Metrics.Take(MetricsMax)]);

    private static IReadOnlyList<T>? Some<T>(IReadOnlyList<T> list) => list.Count > 0 ? list : null;
}
