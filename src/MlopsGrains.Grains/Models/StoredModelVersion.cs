using MlopsGrains.Blobs;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Models;

/// <summary>A version in its model's document. What came after the first release has defaults, so that older documents stay readable.</summary>
internal sealed record StoredModelVersion(
    int Version,
    string Format,
    BlobRef? Blob,
    int? Signature,
    ModelLineage Lineage,
    IReadOnlyDictionary<string, double> Metrics,
    string? Description,
    string? IdempotencyKey,
    DateTimeOffset CreatedAt,
    string CreatedBy)
{
    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>What it was registered with; <see langword="null"/> for an uploaded file.</summary>
    public string? Source { get; init; }

    /// <summary>Where the files are; <see langword="null"/> for an uploaded file.</summary>
    public string? Location { get; init; }

    public string? RunLink { get; init; }

    public string? ModelId { get; init; }

    public ModelStage Stage { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = ModelTags.None;

    /// <summary>The model's change that touched it last.</summary>
    public long Change { get; init; }
}
