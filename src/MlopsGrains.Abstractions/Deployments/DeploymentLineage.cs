using MlopsGrains.Data;
using MlopsGrains.Experiments;
using MlopsGrains.Models;

namespace MlopsGrains.Deployments;

/// <summary>From a deployment back to the data: what each revision that gets traffic was made of. What is no longer there, or not for the caller to see, is <see langword="null"/>.</summary>
/// <param name="Deployment">The deployment's name.</param>
/// <param name="Revisions">Revisions that get traffic, newest first.</param>
[GenerateSerializer, Immutable, Alias("mlops.DeploymentLineage")]
public sealed record DeploymentLineage([property: Id(0)] string Deployment, [property: Id(1)] IReadOnlyList<RevisionLineage> Revisions);

/// <summary>One revision's chain.</summary>
/// <param name="Percent">Its share of the traffic.</param>
/// <param name="Revision">The revision.</param>
/// <param name="ModelVersion">The model version that it serves.</param>
/// <param name="Run">The run that trained it.</param>
/// <param name="Dataset">The dataset's name.</param>
/// <param name="DatasetVersion">The dataset version that it was trained on.</param>
/// <param name="PipelineRunId">The pipeline run that trained and registered it.</param>
[GenerateSerializer, Immutable, Alias("mlops.RevisionLineage")]
public sealed record RevisionLineage(
    [property: Id(0)] int Percent,
    [property: Id(1)] DeploymentRevision Revision,
    [property: Id(2)] ModelVersion? ModelVersion,
    [property: Id(3)] RunInfo? Run,
    [property: Id(4)] string? Dataset,
    [property: Id(5)] DatasetVersionSummary? DatasetVersion,
    [property: Id(6)] string? PipelineRunId);
