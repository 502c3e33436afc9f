namespace MlopsGrains.Data;

/// <summary>What differs from one version of a dataset to another.</summary>
/// <param name="Dataset">The dataset's name.</param>
/// <param name="From">The version that is compared with.</param>
/// <param name="To">The version that is compared.</param>
/// <param name="Added">Columns that only <paramref name="To"/> has, in its order.</param>
/// <param name="Removed">Columns that only <paramref name="From"/> has, in its order.</param>
/// <param name="Columns">Columns that both have, the most different first.</param>
[GenerateSerializer, Immutable, Alias("mlops.DatasetDifference")]
public sealed record DatasetDifference(
    [property: Id(0)] string Dataset,
    [property: Id(1)] DatasetVersionSummary From,
    [property: Id(2)] DatasetVersionSummary To,
    [property: Id(3)] IReadOnlyList<string> Added,
    [property: Id(4)] IReadOnlyList<string> Removed,
    [property: Id(5)] IReadOnlyList<ColumnDifference> Columns);

/// <summary>How a column differs between two versions.</summary>
/// <param name="Name">The column.</param>
/// <param name="From">Its profile in the earlier version.</param>
/// <param name="To">Its profile in the later one.</param>
/// <param name="Distance">
/// Jensen-Shannon distance of the two distributions, 0 (alike) to 1 (nothing in common), base 2 (Endres and Schindelin 2003), over <paramref name="Bins"/>.
/// <see langword="null"/> when the types cannot be compared or one side has no values.
/// </param>
/// <param name="Bins">What was counted: ranges of numbers or values; at most 21.</param>
[GenerateSerializer, Immutable, Alias("mlops.ColumnDifference")]
public sealed record ColumnDifference(
    [property: Id(0)] string Name,
    [property: Id(1)] ColumnProfileView From,
    [property: Id(2)] ColumnProfileView To,
    [property: Id(3)] double? Distance,
    [property: Id(4)] IReadOnlyList<DifferenceBin> Bins);

/// <summary>A range of numbers or a value, and how often it occurs in two versions.</summary>
/// <param name="Value">The value, or <see langword="null"/> for a range and for all other values together.</param>
/// <param name="Low">Least number of the range, or <see langword="null"/> for a value.</param>
/// <param name="High">The number below which the range ends, which only the last holds itself.</param>
/// <param name="From">Rows of the earlier version.</param>
/// <param name="To">Rows of the later one.</param>
[GenerateSerializer, Immutable, Alias("mlops.DifferenceBin")]
public sealed record DifferenceBin(
    [property: Id(0)] string? Value,
    [property: Id(1)] double? Low,
    [property: Id(2)] double? High,
    [property: Id(3)] long From,
    [property: Id(4)] long To);
