namespace MlopsGrains.Monitoring;

/// <summary>How the rows of a closed window fall into the bins of the reference, beside the reference's own rows.</summary>
/// <param name="Window">The window's number.</param>
/// <param name="ReferenceRows">Rows of the reference.</param>
/// <param name="Rows">Rows of the window.</param>
/// <param name="Features">Every watched feature, in the reference's order.</param>
[GenerateSerializer, Immutable, Alias("mlops.WindowCounts")]
public sealed record WindowCounts(
    [property: Id(0)] long Window,
    [property: Id(1)] long ReferenceRows,
    [property: Id(2)] long Rows,
    [property: Id(3)] IReadOnlyList<FeatureCounts> Features);

/// <summary>
/// One feature's counts. Numbers: n edges make n − 1 bins, then come below, above, missing, not finite. Texts: the named categories, then other, new, missing.
/// </summary>
/// <param name="Feature">Column.</param>
/// <param name="Edges">Smallest, cuts, largest; <see langword="null"/> for texts.</param>
/// <param name="Categories">The most frequent ones of the reference; <see langword="null"/> for numbers.</param>
/// <param name="Reference">The reference's counts; they add up to its rows.</param>
/// <param name="Window">The window's counts; they add up to its rows.</param>
[GenerateSerializer, Immutable, Alias("mlops.FeatureCounts")]
public sealed record FeatureCounts(
    [property: Id(0)] string Feature,
    [property: Id(1)] IReadOnlyList<double>? Edges,
    [property: Id(2)] IReadOnlyList<string>? Categories,
    [property: Id(3)] IReadOnlyList<long> Reference,
    [property: Id(4)] IReadOnlyList<long> Window);
