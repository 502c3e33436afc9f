using Orleans.Concurrency;
using Orleans.Runtime;

namespace MlopsGrains.Deployments;

/// <summary>A deployed model: its revisions and the traffic split between them. The key is the deployment's name, which is also its model name on the inference door.</summary>
[GrainInterfaceType("deployment")]
public interface IDeploymentGrain : IGrainWithStringKey
{
    /// <summary>Makes a new revision of the resolved model version and sends all traffic to it; the version that serves already gives the present deployment back.</summary>
    [Alias("Deploy")]
    Task<Deployment> Deploy(DeployRequest request, CancellationToken cancellationToken = default);

    /// <summary>The deployment, or <see langword="null"/>.</summary>
    [Alias("Get"), ReadOnly, AlwaysInterleave]
    Task<Deployment?> Get(CancellationToken cancellationToken = default);

    /// <summary>Splits traffic between revisions; percentages are whole, 0–100, and add up to 100.</summary>
    [Alias("SetTraffic")]
    Task<Deployment> SetTraffic(IReadOnlyList<TrafficShare> traffic, CancellationToken cancellationToken = default);

    /// <summary>Sends all traffic back to the revision before the newest serving one; refused when there is none.</summary>
    [Alias("Rollback")]
    Task<Deployment> Rollback(CancellationToken cancellationToken = default);
}

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

/// <summary>Which model version to serve.</summary>
/// <param name="Model">Registered model.</param>
/// <param name="Version">Number, alias or <c>latest</c>.</param>
[GenerateSerializer, Immutable, Alias("mlops.DeployRequest")]
public sealed record DeployRequest([property: Id(0)] string Model, [property: Id(1)] string Version);

/// <summary>A deployment.</summary>
[GenerateSerializer, Immutable, Alias("mlops.Deployment")]
public sealed record Deployment(
    [property: Id(0)] string Name,
    [property: Id(1)] IReadOnlyList<DeploymentRevision> Revisions,
    [property: Id(2)] IReadOnlyList<TrafficShare> Traffic,
    [property: Id(3)] DateTimeOffset CreatedAt,
    [property: Id(4)] DateTimeOffset UpdatedAt);

/// <summary>One revision: a model version made servable.</summary>
[GenerateSerializer, Immutable, Alias("mlops.DeploymentRevision")]
public sealed record DeploymentRevision(
    [property: Id(0)] int Number,
    [property: Id(1)] string Model,
    [property: Id(2)] int ModelVersion,
    [property: Id(3)] string Digest,
    [property: Id(4)] DateTimeOffset CreatedAt,
    [property: Id(5)] string CreatedBy);

/// <summary>A revision's share of the traffic in whole percent.</summary>
[GenerateSerializer, Immutable, Alias("mlops.TrafficShare")]
public sealed record TrafficShare([property: Id(0)] int Revision, [property: Id(1)] int Percent);

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
