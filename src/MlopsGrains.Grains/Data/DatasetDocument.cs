using System.Text.Json;
using MlopsGrains.Data;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Idempotency;

namespace MlopsGrains.Grains.Data;

/// <summary>The stored document. Profiles are blobs, so that a dataset of many wide versions stays a small document.</summary>
internal sealed class DatasetDocument : StoredDocument
{
    public List<StoredVersion> Versions { get; set; } = [];

    public List<AnsweredRequest> Requests { get; set; } = [];
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
    string CreatedBy,
    CsvOptions? Asked = null,
    DatasetOriginal? Original = null,
    IReadOnlyList<string>? Notes = null)
{
    /// <summary>Whether an upload is this version's again. Versions without <see cref="Asked"/> were read by fewer rules and are read anew.</summary>
    public bool IsOf(string upload, CsvOptions asked) => Asked is not null && upload == (Original?.Digest ?? Digest) && JsonSerializer.Serialize(asked) == JsonSerializer.Serialize(Asked);

    public DatasetVersionSummary Summary() => new(Version, Digest, Length, Rows, CreatedAt);

    public DatasetVersion View(string dataset, IReadOnlyList<ColumnProfileView> columns) =>
        new(dataset, Version, Digest, Length, Rows, columns, Source, Description, CreatedAt, CreatedBy, Original, Notes);
}
