using MlopsGrains.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Models;

namespace MlopsGrains.Gateway.Deployments;

/// <summary>Walks a deployment's records back to the data.</summary>
internal static class LineageReader
{
    public static async Task<DeploymentLineage> Read(IGrainFactory grains, string name, CancellationToken cancellationToken)
    {
        var deployment = await grains.GetGrain<IDeploymentGrain>(name).Get(cancellationToken) ?? throw MlopsException.NotFound("Deployment", name);
        var revisions = await Task.WhenAll(deployment.Traffic
            .OrderByDescending(s => s.Revision)
            .Select(s => Read(grains, s.Percent, deployment.Revisions[s.Revision - 1], cancellationToken)));
        return new DeploymentLineage(name, revisions);
    }

    private static async Task<RevisionLineage> Read(IGrainFactory grains, int percent, DeploymentRevision revision, CancellationToken cancellationToken)
    {
        var model = await grains.GetGrain<IRegisteredModelGrain>(revision.Model).Served(revision.ModelVersion, revision.Digest, cancellationToken);
        var run = model.Lineage.RunId is { Length: > 0 } runId ? await grains.GetGrain<IRunGrain>(runId).Get(cancellationToken) : null;
        var dataset = model.Lineage.Dataset is { Length: > 0 } datasetName ? await grains.GetGrain<IDatasetGrain>(datasetName).Get(cancellationToken) : null;
        var version = dataset?.Versions.LastOrDefault(v =>
            (model.Lineage.DatasetVersion is null || v.Version == model.Lineage.DatasetVersion) && (model.Lineage.DatasetDigest is null || v.Digest == model.Lineage.DatasetDigest));
        return new RevisionLineage(percent, revision, model, run?.Info, model.Lineage.Dataset, version, model.Lineage.PipelineRunId);
    }
}
