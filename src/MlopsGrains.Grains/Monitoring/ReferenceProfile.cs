using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>What traffic is compared with: each feature's bins and how the reference rows fall into them.</summary>
[GenerateSerializer, Immutable, Alias("mlops.ReferenceProfile")]
internal sealed record ReferenceProfile([property: Id(0)] long Rows, [property: Id(1)] IReadOnlyList<FeatureReference> Features);

/// <summary>One feature of a <see cref="ReferenceProfile"/>.</summary>
[GenerateSerializer, Immutable, Alias("mlops.FeatureReference")]
internal sealed record FeatureReference([property: Id(0)] FeatureBins Bins, [property: Id(1)] long[] Counts);
