using System.Text.Json.Serialization;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments;

[JsonDerivedType(typeof(RunsAdded), "runs-added")]
internal abstract record RunIndexEvent;

internal sealed record RunsAdded(IReadOnlyList<string> RunIds) : RunIndexEvent;

/// <summary>Which runs belong to the experiment. What searches look at is collected from the runs and never stored twice.</summary>
[Immutable]
internal sealed class RunIndexState
{
    public HashSet<string> RunIds { get; init; } = new(StringComparer.Ordinal);

    public void Apply(RunIndexEvent e)
    {
        if (e is RunsAdded added)
        {
            RunIds.UnionWith(added.RunIds);
        }
    }
}
