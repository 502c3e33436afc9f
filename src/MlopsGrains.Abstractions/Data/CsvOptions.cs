namespace MlopsGrains.Data;

/// <summary>
/// How a CSV to be uploaded is written. What is <see langword="null"/> is found out where the file leaves no doubt; where it does, the upload is refused with a
/// question that names the option.
/// </summary>
/// <param name="Delimiter">Between cells: <c>,</c>, <c>;</c>, <c>|</c> or a tab, or the words <c>comma</c>, <c>semicolon</c>, <c>pipe</c>, <c>tab</c>.</param>
/// <param name="Decimal">In numbers: <c>.</c> or <c>,</c>, or the words <c>point</c>, <c>comma</c>. Thousands separators are not read.</param>
/// <param name="Encoding">A name such as <c>utf-8</c>, <c>utf-16</c>, <c>windows-1252</c>, <c>iso-8859-1</c>; UTF-8 when the bytes do not tell otherwise.</param>
/// <param name="Header">Whether the first row holds the columns' names (the default).</param>
/// <param name="Columns">The columns' names, of a file without a header or instead of it; <c>c1</c>, <c>c2</c> … for a file that has none.</param>
/// <param name="Missing">Words that mean a missing value, next to an empty cell; an empty list for none. At most 100. By default NA, N/A, NaN, null, ? and their like.</param>
/// <param name="Trim">Whether blanks around cells that are not quoted are left out (the default).</param>
[GenerateSerializer, Immutable, Alias("mlops.CsvOptions")]
public sealed record CsvOptions(
    [property: Id(0)] string? Delimiter = null,
    [property: Id(1)] string? Decimal = null,
    [property: Id(2)] string? Encoding = null,
    [property: Id(3)] bool? Header = null,
    [property: Id(4)] IReadOnlyList<string>? Columns = null,
    [property: Id(5)] IReadOnlyList<string>? Missing = null,
    [property: Id(6)] bool? Trim = null);

/// <summary>What was uploaded, when a dataset version's own bytes are not it but the same cells in the standard form.</summary>
/// <param name="Digest">SHA-256 of the uploaded bytes, which are kept.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Csv">How they were read.</param>
[GenerateSerializer, Immutable, Alias("mlops.DatasetOriginal")]
public sealed record DatasetOriginal([property: Id(0)] string Digest, [property: Id(1)] long Length, [property: Id(2)] CsvOptions Csv);
