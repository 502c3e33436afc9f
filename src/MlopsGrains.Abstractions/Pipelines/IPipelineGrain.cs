namespace MlopsGrains.Pipelines;

/// <summary>A pipeline and its immutable definition versions. The key is the pipeline's name.</summary>
[GrainInterfaceType("pipeline")]
public interface IPipelineGrain : IGrainWithStringKey
{
    /// <summary>Registers a YAML definition; the text of the newest version again gives that version back. Errors name line and column.</summary>
    [Alias("Register")]
    Task<PipelineDefinition> Register(string yaml, CancellationToken cancellationToken = default);

    /// <summary>One definition version, the newest when <see langword="null"/>; throws not found.</summary>
    [Alias("Get"), ReadOnly]
    Task<PipelineDefinition> Get(int? version, CancellationToken cancellationToken = default);

    /// <summary>Versions before number <paramref name="before"/> (all when <see langword="null"/>), newest first, at most <paramref name="limit"/> (1–1,000).</summary>
    [Alias("Versions"), ReadOnly]
    Task<IReadOnlyList<PipelineVersion>> Versions(int? before, int limit, CancellationToken cancellationToken = default);

    /// <summary>Starts a run of the newest version; the same idempotency key again gives the same run.</summary>
    [Alias("Start")]
    Task<PipelineRun> Start(StartPipeline start, CancellationToken cancellationToken = default);
}

/// <summary>A definition version in a list.</summary>
[GenerateSerializer, Immutable, Alias("mlops.PipelineVersion")]
public sealed record PipelineVersion(
    [property: Id(0)] int Version,
    [property: Id(1)] string Digest,
    [property: Id(2)] DateTimeOffset CreatedAt,
    [property: Id(3)] string CreatedBy);

/// <summary>A definition version.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">1 for the first.</param>
/// <param name="Digest">SHA-256 of the text.</param>
/// <param name="Yaml">The text.</param>
/// <param name="CreatedAt">When it was registered.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="Outline">As it is understood; <see langword="null"/> when today's rules refuse the text, which was registered under others.</param>
[GenerateSerializer, Immutable, Alias("mlops.PipelineDefinition")]
public sealed record PipelineDefinition(
    [property: Id(0)] string Pipeline,
    [property: Id(1)] int Version,
    [property: Id(2)] string Digest,
    [property: Id(3)] string Yaml,
    [property: Id(4)] DateTimeOffset CreatedAt,
    [property: Id(5)] string CreatedBy,
    [property: Id(6)] PipelineOutline? Outline = null);

/// <summary>How to start a run.</summary>
/// <param name="Params">Overrides of the definition's params; an unknown one is refused.</param>
/// <param name="IdempotencyKey">The same key gives the same run; 1–128 characters.</param>
/// <param name="Cause">Why: <c>manual</c>, or <c>alert/&lt;id&gt;</c>.</param>
[GenerateSerializer, Immutable, Alias("mlops.StartPipeline")]
public sealed record StartPipeline(
    [property: Id(0)] IReadOnlyDictionary<string, string>? Params = null,
    [property: Id(1)] string? IdempotencyKey = null,
    [property: Id(2)] string Cause = "manual");
