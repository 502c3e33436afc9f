using Microsoft.AspNetCore.Http;
using MlopsGrains.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Identity;
using MlopsGrains.Models;

namespace MlopsGrains.Gateway.Deployments;

/// <summary>Walks a deployment's records back to the data, and shows those that the caller may read.</summary>
internal static class LineageReader
{
    public static async Task<DeploymentLineage> Read(HttpContext context, IGrainFactory grains, string name, CancellationToken cancellationToken)
    {
        var deployment = await grains.GetGrain<IDeploymentGrain>(name).Get(cancellationToken) ?? throw MlopsException.NotFound("Deployment", name);
        var revisions = await Task.WhenAll(deployment.Traffic
            .OrderByDescending(s => s.Revision)
            .Select(s => Read(context, grains, s.Percent, deployment.Revisions[s.Revision - 1], cancellationToken)));
        return new DeploymentLineage(name, revisions);
    }

    private static async Task<RevisionLineage> Read(HttpContext context, IGrainFactory grains, int percent, DeploymentRevision revision, CancellationToken cancellationToken)
    {
        var model = await grains.GetGrain<IRegisteredModelGrain>(revision.Model).Served(revision.ModelVersion, revision.Digest, cancellationToken);
        var lineage = model.Lineage;
        var run = lineage.RunId is { Length: > 0 } runId && await grains.GetGrain<IRunGrain>(runId).Get(cancellationToken) is { Info: var info }
            && await context.MayReadAsync(PermissionKind.Experiment, info.ExperimentId) ? info : null;
        var dataset = lineage.Dataset is { Length: > 0 } name && await context.MayReadAsync(PermissionKind.Dataset, name) ? await grains.GetGrain<IDatasetGrain>(name).Get(cancellationToken) : null;
        var version = dataset?.Versions.LastOrDefault(v =>
            (lineage.DatasetVersion is null || v.Version == lineage.DatasetVersion) && (lineage.DatasetDigest is null || v.Digest == lineage.DatasetDigest));
        return new RevisionLineage(
            percent,
            revision,
            await context.MayReadAsync(PermissionKind.RegisteredModel, revision.Model) ? model : null,
            run,
            lineage.Dataset is { } data && await context.MayReadAsync(PermissionKind.Dataset, data) ? data : null,
            version,
            await context.MayReadPipelineRunAsync(lineage.PipelineRunId) ? lineage.PipelineRunId : null);
    }
}
