using System.Text.Json.Serialization;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

[JsonDerivedType(typeof(LoggedModelsAdded), "added")]
internal abstract record LoggedModelIndexEvent;

internal sealed record LoggedModelsAdded(IReadOnlyList<string> ModelIds) : LoggedModelIndexEvent;

/// <summary>Which logged models belong to the experiment. What searches look at is collected from the models and never stored twice.</summary>
[Immutable]
internal sealed class LoggedModelIndexState
{
    public HashSet<string> ModelIds { get; init; } = new(StringComparer.Ordinal);

    public void Apply(LoggedModelIndexEvent e)
    {
        if (e is LoggedModelsAdded added)
        {
            ModelIds.UnionWith(added.ModelIds);
        }
    }
}
