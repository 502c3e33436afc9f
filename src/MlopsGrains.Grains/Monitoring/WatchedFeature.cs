namespace MlopsGrains.Grains.Monitoring;

/// <summary>A column to watch. The kind is the deployed model's word; without one the reference rows tell.</summary>
internal sealed record WatchedFeature(string Name, FeatureKind Kind);

internal enum FeatureKind
{
    Inferred,
    Numeric,
    Text,
    Boolean,
}
