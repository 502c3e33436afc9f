using MlopsGrains.Blobs;

namespace MlopsGrains.Models;

/// <summary>A model version. What it was registered with never changes; description, tags, stage and aliases do.</summary>
/// <param name="Model">The registered model.</param>
/// <param name="Version">1, 2, 3 …</param>
/// <param name="Format">How the file is read (<c>mlnet</c>); <c>mlflow</c> for a version that is known by its source only.</param>
/// <param name="Blob">The model file; <see langword="null"/> for a version that is known by its source only: it cannot be deployed here.</param>
/// <param name="Signature">What goes in and comes out; <see langword="null"/> without a file.</param>
/// <param name="Lineage">Where it came from.</param>
/// <param name="Metrics">Evaluation metrics on held-out data.</param>
/// <param name="Description">Free text.</param>
/// <param name="Aliases">Aliases that point at it.</param>
/// <param name="CreatedAt">When it was registered.</param>
/// <param name="CreatedBy">Who registered it.</param>
/// <param name="UpdatedAt">When it last changed.</param>
/// <param name="Tags">Tags in the order of their keys.</param>
/// <param name="Stage">Its stage.</param>
/// <param name="Source">The URI it was registered with, or the platform's own for an uploaded file.</param>
/// <param name="RunLink">A link to the run that made it.</param>
/// <param name="ModelId">The logged model that it is.</param>
[GenerateSerializer, Immutable, Alias("mlops.ModelVersion")]
public sealed record ModelVersion(
    [property: Id(0)] string Model,
    [property: Id(1)] int Version,
    [property: Id(2)] string Format,
    [property: Id(3)] BlobRef? Blob,
    [property: Id(4)] ModelSignature? Signature,
    [property: Id(5)] ModelLineage Lineage,
    [property: Id(6)] IReadOnlyDictionary<string, double> Metrics,
    [property: Id(7)] string? Description,
    [property: Id(8)] IReadOnlyList<string> Aliases,
    [property: Id(9)] DateTimeOffset CreatedAt,
    [property: Id(10)] string CreatedBy,
    [property: Id(11)] DateTimeOffset UpdatedAt,
    [property: Id(12)] IReadOnlyDictionary<string, string> Tags,
    [property: Id(13)] ModelStage Stage,
    [property: Id(14)] string Source,
    [property: Id(15)] string? RunLink,
    [property: Id(16)] string? ModelId);

/// <summary>A version to register with its model file.</summary>
/// <param name="Format">How the bytes are read: <c>mlnet</c>.</param>
/// <param name="Blob">The model file.</param>
/// <param name="Signature">What goes in and comes out.</param>
/// <param name="Lineage">Where it came from.</param>
/// <param name="Metrics">Evaluation metrics on held-out data.</param>
/// <param name="Description">Free text, at most 5,000 characters.</param>
/// <param name="IdempotencyKey">A repeated registration with this key gives the stored version back.</param>
/// <param name="Tags">At most 1,000 tags.</param>
[GenerateSerializer, Immutable, Alias("mlops.NewModelVersion")]
public sealed record NewModelVersion(
    [property: Id(0)] string Format,
    [property: Id(1)] BlobRef Blob,
    [property: Id(2)] ModelSignature Signature,
    [property: Id(3)] ModelLineage Lineage,
    [property: Id(4)] IReadOnlyDictionary<string, double> Metrics,
    [property: Id(5)] string? Description = null,
    [property: Id(6)] string? IdempotencyKey = null,
    [property: Id(7)] IReadOnlyDictionary<string, string>? Tags = null);

/// <summary>A version to register by where its files are.</summary>
/// <param name="Source">
/// A URI, at most 2,048 characters without <c>..</c>: <c>models:/m-…</c> (a logged model), <c>models:/name/version</c> (a copy), <c>runs:/id/path</c>, any remote
/// store, or a local path inside the artifacts of the run or logged model that is named. Of a prompt: any word.
/// </param>
/// <param name="RunId">The run that made it.</param>
/// <param name="RunLink">A link to that run, at most 2,048 characters.</param>
/// <param name="ModelId">The logged model that it is.</param>
/// <param name="Description">Free text, at most 5,000 characters.</param>
/// <param name="Tags">At most 1,000 tags.</param>
[GenerateSerializer, Immutable, Alias("mlops.NewSourcedVersion")]
public sealed record NewSourcedVersion(
    [property: Id(0)] string Source,
    [property: Id(1)] string? RunId = null,
    [property: Id(2)] string? RunLink = null,
    [property: Id(3)] string? ModelId = null,
    [property: Id(4)] string? Description = null,
    [property: Id(5)] IReadOnlyDictionary<string, string>? Tags = null);

/// <summary>The older way, beside aliases, to say what a version is for.</summary>
public enum ModelStage
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Being tried.</summary>
    Staging = 1,

    /// <summary>In use.</summary>
    Production = 2,

    /// <summary>Out of use.</summary>
    Archived = 3,
}
