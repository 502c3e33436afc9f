using MlopsGrains.Data;

namespace MlopsGrains.Grains.Data;

/// <summary>The stored document. Profiles are blobs, so that a dataset of many wide versions stays a small document.</summary>
internal sealed class DatasetDocument
{
    public List<StoredVersion> Versions { get; set; } = [];
}

internal sealed record StoredVersion(
    int Version,
    string Digest,
    long Length,
    long Rows,
    string ProfileDigest,
    string? Source,
    string? Description,
    DateTimeOffset CreatedAt,
    string CreatedBy)
{
    public DatasetVersionSummary Summary() => new(Version, Digest, Length, Rows, CreatedAt);

    public DatasetVersion View(string dataset, IReadOnlyList<ColumnProfileView> columns) =>
        new(dataset, Version, Digest, Length, Rows, columns, Source, Description, CreatedAt, CreatedBy);
}
