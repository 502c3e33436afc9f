using MlopsGrains.Experiments;

namespace MlopsGrains.Client;

/// <summary>One live event of a run: either the whole run (<see cref="Reset"/>), or what one stored change did; what it did not touch is empty.</summary>
public sealed record RunEvent
{
    /// <summary>The run's version after it; rises with each event and survives restarts.</summary>
    public long Version { get; init; }

    /// <summary>The whole run: forget what was known of it and take this.</summary>
    public Run? Reset { get; init; }

    /// <summary>The head, when status, end time, name or stage changed.</summary>
    public RunInfo? Info { get; init; }

    /// <summary>Points that were logged; an exact repeat may be shown again. The latest is the one with the greatest step, timestamp and value.</summary>
    public IReadOnlyList<Metric> Metrics { get; init; } = [];

    /// <summary>Params that were logged.</summary>
    public IReadOnlyList<Tag> Params { get; init; } = [];

    /// <summary>Tags that were set.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>Keys of tags that were removed.</summary>
    public IReadOnlyList<string> DeletedTags { get; init; } = [];

    /// <summary>Datasets that were added.</summary>
    public IReadOnlyList<DatasetInput> Inputs { get; init; } = [];

    /// <summary>Logged models that were added as inputs.</summary>
    public IReadOnlyList<string> ModelInputs { get; init; } = [];

    /// <summary>Logged models that were added as outputs.</summary>
    public IReadOnlyList<ModelOutput> ModelOutputs { get; init; } = [];
}

/// <summary>One live event of an experiment.</summary>
/// <param name="Version">From where to go on.</param>
/// <param name="Change">A run as it is after a change; <see langword="null"/> at the start and after changes were missed: search the runs again.</param>
public sealed record ExperimentEvent(long Version, ExperimentChange? Change);
