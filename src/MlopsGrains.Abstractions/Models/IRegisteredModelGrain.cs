using MlopsGrains.Blobs;
using Orleans.Runtime;

namespace MlopsGrains.Models;

/// <summary>A registered model, its versions and aliases. The key is the model's name.</summary>
[GrainInterfaceType("registered-model")]
public interface IRegisteredModelGrain : IGrainWithStringKey
{
    /// <summary>Creates the model; an existing one is refused (<see cref="Errors.ErrorKind.AlreadyExists"/>).</summary>
    [Alias("Create")]
    Task<RegisteredModel> Create(string? description, CancellationToken cancellationToken = default);

    /// <summary>The model, or <see langword="null"/>.</summary>
    [Alias("Get"), ReadOnly]
    Task<RegisteredModel?> Get(CancellationToken cancellationToken = default);

    /// <summary>
    /// Registers a version (1, 2, 3 …, never reused); creates the model when it is new. The same <see cref="NewModelVersion.IdempotencyKey"/> again gives the
    /// stored version back.
    /// </summary>
    [Alias("AddVersion")]
    Task<ModelVersion> AddVersion(NewModelVersion version, CancellationToken cancellationToken = default);

    /// <summary>
    /// The version that <paramref name="reference"/> names: a number (<c>3</c>), an alias (<c>challenger</c>) or <c>latest</c>; throws not found when there is none.
    /// </summary>
    [Alias("Resolve"), ReadOnly]
    Task<ModelVersion> Resolve(string reference, CancellationToken cancellationToken = default);

    /// <summary>All versions, newest first.</summary>
    [Alias("ListVersions"), ReadOnly]
    Task<IReadOnlyList<ModelVersion>> ListVersions(CancellationToken cancellationToken = default);

    /// <summary>Points an alias at a version, away from any other. Aliases: letters, digits, <c>_</c> and <c>-</c>; not <c>latest</c>, not a number, not <c>v</c> and digits.</summary>
    [Alias("SetAlias")]
    Task SetAlias(string alias, int version, CancellationToken cancellationToken = default);

    /// <summary>Removes an alias; removing an absent one changes nothing.</summary>
    [Alias("DeleteAlias")]
    Task DeleteAlias(string alias, CancellationToken cancellationToken = default);
}

/// <summary>A registered model's head.</summary>
[GenerateSerializer, Immutable, Alias("mlops.RegisteredModel")]
public sealed record RegisteredModel(
    [property: Id(0)] string Name,
    [property: Id(1)] string? Description,
    [property: Id(2)] int LatestVersion,
    [property: Id(3)] IReadOnlyDictionary<string, int> Aliases,
    [property: Id(4)] DateTimeOffset CreatedAt,
    [property: Id(5)] DateTimeOffset UpdatedAt);

/// <summary>A version to register.</summary>
/// <param name="Format">How the bytes are read: <c>mlnet</c>.</param>
/// <param name="Blob">The model file.</param>
/// <param name="Signature">What goes in and comes out.</param>
/// <param name="Lineage">Where it came from.</param>
/// <param name="Metrics">Evaluation metrics on held-out data.</param>
/// <param name="Description">Free text, at most 5,000 characters.</param>
/// <param name="IdempotencyKey">A repeated registration with this key gives the stored version back.</param>
[GenerateSerializer, Immutable, Alias("mlops.NewModelVersion")]
public sealed record NewModelVersion(
    [property: Id(0)] string Format,
    [property: Id(1)] BlobRef Blob,
    [property: Id(2)] ModelSignature Signature,
    [property: Id(3)] ModelLineage Lineage,
    [property: Id(4)] IReadOnlyDictionary<string, double> Metrics,
    [property: Id(5)] string? Description = null,
    [property: Id(6)] string? IdempotencyKey = null);

/// <summary>An immutable model version (only its aliases move).</summary>
[GenerateSerializer, Immutable, Alias("mlops.ModelVersion")]
public sealed record ModelVersion(
    [property: Id(0)] string Model,
    [property: Id(1)] int Version,
    [property: Id(2)] string Format,
    [property: Id(3)] BlobRef Blob,
    [property: Id(4)] ModelSignature Signature,
    [property: Id(5)] ModelLineage Lineage,
    [property: Id(6)] IReadOnlyDictionary<string, double> Metrics,
    [property: Id(7)] string? Description,
    [property: Id(8)] IReadOnlyList<string> Aliases,
    [property: Id(9)] DateTimeOffset CreatedAt,
    [property: Id(10)] string CreatedBy);

/// <summary>What goes in and comes out of a model.</summary>
/// <param name="Inputs">Columns to send.</param>
/// <param name="Outputs">Columns that come back.</param>
/// <param name="Classes">The labels' texts; binary: negative, positive; multiclass: in the order of the scores. <see langword="null"/> when the model names them itself.</param>
[GenerateSerializer, Immutable, Alias("mlops.ModelSignature")]
public sealed record ModelSignature(
    [property: Id(0)] IReadOnlyList<TensorSpec> Inputs,
    [property: Id(1)] IReadOnlyList<TensorSpec> Outputs,
    [property: Id(2)] IReadOnlyList<string>? Classes = null);

/// <summary>One input or output, in the words of the Open Inference Protocol.</summary>
/// <param name="Name">Column name.</param>
/// <param name="Datatype"><c>FP32</c>, <c>INT64</c>, <c>BYTES</c> …</param>
/// <param name="Shape">−1 for a variable dimension; the first is the batch.</param>
[GenerateSerializer, Immutable, Alias("mlops.TensorSpec")]
public sealed record TensorSpec([property: Id(0)] string Name, [property: Id(1)] string Datatype, [property: Id(2)] IReadOnlyList<long> Shape);

/// <summary>Which code, data, config and environment made a model version.</summary>
[GenerateSerializer, Immutable, Alias("mlops.ModelLineage")]
public sealed record ModelLineage(
    [property: Id(0)] string? RunId = null,
    [property: Id(1)] string? ExperimentId = null,
    [property: Id(2)] string? PipelineRunId = null,
    [property: Id(3)] string? Dataset = null,
    [property: Id(4)] int? DatasetVersion = null,
    [property: Id(5)] string? DatasetDigest = null,
    [property: Id(6)] string? TrainingDataDigest = null,
    [property: Id(7)] string? CodeVersion = null,
    [property: Id(8)] string? Environment = null,
    [property: Id(9)] long? Seed = null);
