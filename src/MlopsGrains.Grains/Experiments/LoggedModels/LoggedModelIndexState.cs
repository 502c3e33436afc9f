using System.Text.Json.Serialization;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

[JsonDerivedType(typeof(LoggedModelsAdded), "added")]
[JsonDerivedType(typeof(LoggedModelsRemoved), "removed")]
internal abstract record LoggedModelIndexEvent;

internal sealed record LoggedModelsAdded(IReadOnlyList<string> ModelIds) : LoggedModelIndexEvent;

/// <summary>Models that are gone for good.</summary>
internal sealed record LoggedModelsRemoved(IReadOnlyList<string> ModelIds) : LoggedModelIndexEvent;

/// <summary>Which logged models belong to the experiment. What searches look at is collected from the models and never stored twice.</summary>
[Immutable]
internal sealed class LoggedModelIndexState
{
    public HashSet<string> ModelIds { get; init; } = new(StringComparer.Ordinal);

    public void Apply(LoggedModelIndexEvent e)
    {
        switch (e)
        {
            case LoggedModelsAdded added:
                ModelIds.UnionWith(added.ModelIds);
                break;
            case LoggedModelsRemoved removed:
                ModelIds.ExceptWith(removed.ModelIds);
                break;
            default:
                break;
        }
    }
}
