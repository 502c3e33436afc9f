namespace MlopsGrains.Deployments;

/// <summary>Scores rows. A stateless worker on every silo; use key 0.</summary>
[GrainInterfaceType("scorer")]
public interface IScorerGrain : IGrainWithIntegerKey
{
    /// <summary>What a deployment takes and gives; <paramref name="version"/> is a model version that one of its revisions serves, or <see langword="null"/>.</summary>
    [Alias("Describe")]
    Task<ServedModel> Describe(string deployment, string? version, CancellationToken cancellationToken = default);

    /// <summary>Scores all rows of the request with one revision, picked by the traffic split unless <paramref name="version"/> names one.</summary>
    [Alias("Infer")]
    Task<InferenceResponse> Infer(string deployment, string? version, InferenceRequest request, CancellationToken cancellationToken = default);
}

/// <summary>What a deployment takes and gives.</summary>
[GenerateSerializer, Immutable, Alias("mlops.ServedModel")]
public sealed record ServedModel(
    [property: Id(0)] string Deployment,
    [property: Id(1)] string Version,
    [property: Id(2)] IReadOnlyList<string> Versions,
    [property: Id(3)] string Format,
    [property: Id(4)] Models.ModelSignature Signature);

/// <summary>Rows to score, one tensor a column.</summary>
[GenerateSerializer, Immutable, Alias("mlops.InferenceRequest")]
public sealed record InferenceRequest([property: Id(0)] IReadOnlyList<Tensor> Inputs, [property: Id(1)] IReadOnlyList<string>? Outputs = null);

/// <summary>Scores, one tensor an output.</summary>
[GenerateSerializer, Immutable, Alias("mlops.InferenceResponse")]
public sealed record InferenceResponse([property: Id(0)] string ModelVersion, [property: Id(1)] IReadOnlyList<Tensor> Outputs);

/// <summary>
/// A named array. <paramref name="Data"/> is flat and row-major, its element type follows <paramref name="Datatype"/>: FP32 <c>float[]</c>, FP64 <c>double[]</c>,
/// INT8…INT64 <c>long[]</c>, UINT8…UINT64 <c>ulong[]</c>, BOOL <c>bool[]</c>, BYTES <c>string[]</c>.
/// </summary>
[GenerateSerializer, Immutable, Alias("mlops.Tensor")]
public sealed record Tensor(
    [property: Id(0)] string Name,
    [property: Id(1)] string Datatype,
    [property: Id(2)] long[] Shape,
    [property: Id(3)] object Data);
