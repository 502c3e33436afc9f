using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>What traffic is compared with: each feature's bins and how the reference rows fall into them.</summary>
[GenerateSerializer, Immutable, Alias("mlops.ReferenceProfile")]
internal sealed record ReferenceProfile([property: Id(0)] long Rows, [property: Id(1)] IReadOnlyList<FeatureReference> Features)
{
    /// <summary>Whether what was counted under the other one can be judged by this one.</summary>
    public bool SameAs(ReferenceProfile? other) => other is not null && Rows == other.Rows && Features.Count == other.Features.Count && Features.Zip(other.Features).All(f => f.First.SameAs(f.Second));
}

/// <summary>One feature of a <see cref="ReferenceProfile"/>.</summary>
[GenerateSerializer, Immutable, Alias("mlops.FeatureReference")]
internal sealed record FeatureReference([property: Id(0)] FeatureBins Bins, [property: Id(1)] long[] Counts)
{
    public bool SameAs(FeatureReference other) => Bins.Feature == other.Bins.Feature && Bins.OtherIsOpen == other.Bins.OtherIsOpen
        && (Bins.Edges ?? []).SequenceEqual(other.Bins.Edges ?? []) && (Bins.Categories ?? []).SequenceEqual(other.Bins.Categories ?? []) && Counts.SequenceEqual(other.Counts);
}
