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
