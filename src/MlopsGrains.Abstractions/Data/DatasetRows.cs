namespace MlopsGrains.Data;

/// <summary>Which rows of a version to read.</summary>
/// <param name="After">The row after which to begin, 0 for the first.</param>
/// <param name="Limit">Most rows, 1 to 1,000.</param>
/// <param name="Text">Only rows with a cell that holds this text, whatever its case; at most 500 characters.</param>
[GenerateSerializer, Immutable, Alias("mlops.DatasetRowQuery")]
public sealed record DatasetRowQuery([property: Id(0)] long After, [property: Id(1)] int Limit, [property: Id(2)] string? Text = null);

/// <summary>Rows of a version, in its order.</summary>
/// <param name="Dataset">The dataset's name.</param>
/// <param name="Version">Of which version.</param>
/// <param name="Columns">The columns' names.</param>
/// <param name="Rows">The rows; fewer than asked when they have 4 million characters together.</param>
/// <param name="Next">The row to go on after, or <see langword="null"/> when no more follow.</param>
[GenerateSerializer, Immutable, Alias("mlops.DatasetRows")]
public sealed record DatasetRows(
    [property: Id(0)] string Dataset,
    [property: Id(1)] int Version,
    [property: Id(2)] IReadOnlyList<string> Columns,
    [property: Id(3)] IReadOnlyList<DatasetRow> Rows,
    [property: Id(4)] long? Next);

/// <summary>A row of a table.</summary>
/// <param name="Row">1 for the first after the header.</param>
/// <param name="Cells">A cell a column, <see langword="null"/> when it is missing; the first 2,000 characters and an ellipsis of longer ones.</param>
[GenerateSerializer, Immutable, Alias("mlops.DatasetRow")]
public sealed record DatasetRow([property: Id(0)] long Row, [property: Id(1)] IReadOnlyList<string?> Cells);
