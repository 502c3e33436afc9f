namespace MlopsGrains.Models;

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
