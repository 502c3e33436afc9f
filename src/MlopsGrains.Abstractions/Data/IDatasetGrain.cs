namespace MlopsGrains.Data;

/// <summary>A dataset and its immutable versions. The key is the dataset's name.</summary>
[GrainInterfaceType("dataset")]
public interface IDatasetGrain : IGrainWithStringKey
{
    /// <summary>
    /// Adds a version of stored bytes: finds out how they are written, infers the schema and records the profile. What is not comma-separated UTF-8 with missing
    /// values left empty is kept as uploaded and stored once more so written, which is the version's content. The bytes or cells of the newest version again give
    /// that version back.
    /// </summary>
    [Alias("AddVersion"), ResponseTimeout("00:05:00")]
    Task<DatasetVersion> AddVersion(NewDatasetVersion version, CancellationToken cancellationToken = default);

    /// <summary>The dataset with its versions' numbers, or <see langword="null"/> when it does not exist.</summary>
    [Alias("Get"), ReadOnly, AlwaysInterleave]
    Task<Dataset?> Get(CancellationToken cancellationToken = default);

    /// <summary>One version, or the newest when <paramref name="version"/> is <see langword="null"/>; throws when it does not exist.</summary>
    [Alias("GetVersion"), ReadOnly, AlwaysInterleave]
    Task<DatasetVersion> GetVersion(int? version, CancellationToken cancellationToken = default);

    /// <summary>Reads rows of a version in their order; throws when it does not exist.</summary>
    [Alias("GetRows"), ReadOnly, AlwaysInterleave, ResponseTimeout("00:05:00")]
    Task<DatasetRows> GetRows(int? version, DatasetRowQuery query, CancellationToken cancellationToken = default);

    /// <summary>
    /// What differs from one version, the one before <paramref name="to"/> when it is <see langword="null"/>, to another, the newest when it is <see langword="null"/>; throws
    /// when one does not exist.
    /// </summary>
    [Alias("Compare"), ReadOnly, AlwaysInterleave, ResponseTimeout("00:05:00")]
    Task<DatasetDifference> Compare(int? from, int? to, CancellationToken cancellationToken = default);
}

/// <summary>Bytes to become a dataset version; they are stored already.</summary>
/// <param name="Digest">SHA-256 of the stored bytes.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Source">Where the bytes came from, free text, at most 2,000 characters.</param>
/// <param name="Description">Free text, at most 5,000 characters.</param>
/// <param name="Csv">How the bytes are written, as far as it should not be found out.</param>
[GenerateSerializer, Immutable, Alias("mlops.NewDatasetVersion")]
public sealed record NewDatasetVersion(
    [property: Id(0)] string Digest,
    [property: Id(1)] long Length,
    [property: Id(2)] string? Source = null,
    [property: Id(3)] string? Description = null,
    [property: Id(4)] CsvOptions? Csv = null);

/// <summary>A dataset's head.</summary>
[GenerateSerializer, Immutable, Alias("mlops.Dataset")]
public sealed record Dataset(
    [property: Id(0)] string Name,
    [property: Id(1)] int LatestVersion,
    [property: Id(2)] IReadOnlyList<DatasetVersionSummary> Versions);

/// <summary>A version in a list.</summary>
[GenerateSerializer, Immutable, Alias("mlops.DatasetVersionSummary")]
public sealed record DatasetVersionSummary(
    [property: Id(0)] int Version,
    [property: Id(1)] string Digest,
    [property: Id(2)] long Length,
    [property: Id(3)] long Rows,
    [property: Id(4)] DateTimeOffset CreatedAt);

/// <summary>An immutable version: content digest, schema and profile.</summary>
/// <param name="Dataset">The dataset's name.</param>
/// <param name="Version">1 for the first.</param>
/// <param name="Digest">SHA-256 of the content that pipelines, monitors and downloads read.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Rows">Data rows.</param>
/// <param name="Columns">Schema and profile.</param>
/// <param name="Source">Where the bytes came from.</param>
/// <param name="Description">Free text.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="Original">What was uploaded, when the content is not it; <see langword="null"/> when it is.</param>
/// <param name="Notes">What to know of how the upload was read, such as words taken for missing values; at most 50 sentences.</param>
[GenerateSerializer, Immutable, Alias("mlops.DatasetVersion")]
public sealed record DatasetVersion(
    [property: Id(0)] string Dataset,
    [property: Id(1)] int Version,
    [property: Id(2)] string Digest,
    [property: Id(3)] long Length,
    [property: Id(4)] long Rows,
    [property: Id(5)] IReadOnlyList<ColumnProfileView> Columns,
    [property: Id(6)] string? Source,
    [property: Id(7)] string? Description,
    [property: Id(8)] DateTimeOffset CreatedAt,
    [property: Id(9)] string CreatedBy,
    [property: Id(10)] DatasetOriginal? Original = null,
    [property: Id(11)] IReadOnlyList<string>? Notes = null);

/// <summary>The type that a column's values share.</summary>
public enum ColumnType
{
    /// <summary>Text.</summary>
    Text = 0,

    /// <summary>Whole numbers of 64 bits.</summary>
    Integer = 1,

    /// <summary>Numbers.</summary>
    Number = 2,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean = 3,
}

/// <summary>A column's schema and profile.</summary>
/// <param name="Name">From the header row.</param>
/// <param name="Type">Inferred over all rows.</param>
/// <param name="Missing">Rows with an empty value.</param>
/// <param name="Distinct">Distinct values; an estimate above 10,000.</param>
/// <param name="Min">Smallest number, numeric columns only.</param>
/// <param name="Max">Largest number.</param>
/// <param name="Mean">Mean of the numbers.</param>
/// <param name="StandardDeviation">Sample standard deviation (n − 1).</param>
/// <param name="Quantiles">The 0, 5, 25, 50, 75, 95 and 100 % quantiles (linear interpolation).</param>
/// <param name="Top">Most frequent values with their counts, text and boolean columns, at most 20.</param>
/// <param name="Histogram">
/// Numbers in each of 20 equally wide bins from <paramref name="Min"/> to <paramref name="Max"/>, the last of which holds the largest; numeric columns only. Scaled up
/// from a uniform sample when the column has more than about a million numbers. <see langword="null"/> for versions that were added before it was recorded.
/// </param>
[GenerateSerializer, Immutable, Alias("mlops.ColumnProfile")]
public sealed record ColumnProfileView(
    [property: Id(0)] string Name,
    [property: Id(1)] ColumnType Type,
    [property: Id(2)] long Missing,
    [property: Id(3)] long Distinct,
    [property: Id(4)] double? Min,
    [property: Id(5)] double? Max,
    [property: Id(6)] double? Mean,
    [property: Id(7)] double? StandardDeviation,
    [property: Id(8)] IReadOnlyList<double>? Quantiles,
    [property: Id(9)] IReadOnlyList<ValueCount>? Top,
    [property: Id(10)] IReadOnlyList<long>? Histogram = null);

/// <summary>A value and how often it occurs.</summary>
[GenerateSerializer, Immutable, Alias("mlops.ValueCount")]
public sealed record ValueCount([property: Id(0)] string Value, [property: Id(1)] long Count);
