using System.Collections.Concurrent;
using MlopsGrains.Blobs;
using MlopsGrains.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using MlopsGrains.Monitoring;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Gateway.Access;

/// <summary>To which thing with levels something without belongs. That never changes, so it is remembered.</summary>
internal sealed class Owners(IGrainFactory grains)
{
    private const int RememberedMax = 100_000;

    /// <summary>How many segments of a path are looked up as ids.</summary>
    private const int IdsInPathMax = 4;

    private readonly ConcurrentDictionary<string, Belonging> known = new(StringComparer.Ordinal);

    /// <summary>The experiment of a run; <see langword="null"/> when there is no such run.</summary>
    public ValueTask<string?> OfRun(string id, CancellationToken cancellationToken) =>
        this.known.TryGetValue("run/" + id, out var known) ? new(known.To) : ToOf(FindRun(id, cancellationToken));

    /// <summary>The experiment of a logged model; <see langword="null"/> when there is no such model.</summary>
    public ValueTask<string?> OfLoggedModel(string id, CancellationToken cancellationToken) =>
        this.known.TryGetValue("model/" + id, out var known) ? new(known.To) : ToOf(FindLoggedModel(id, cancellationToken));

    /// <summary>The pipeline of a pipeline run; <see langword="null"/> when there is no such run.</summary>
    public ValueTask<string?> OfPipelineRun(string id, CancellationToken cancellationToken) => !IdFormat.Matches(id) ? default : ToOf(Find(
        "pipeline-run/" + id,
        async () => await grains.GetGrain<IPipelineRunGrain>(id).Get(cancellationToken) is { } run ? new(run.Pipeline, "") : null));

    /// <summary>The id of the experiment of that name, which may be another one later.</summary>
    public async ValueTask<string?> OfExperimentNamed(string name, CancellationToken cancellationToken) =>
        (await grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main).FindByName(name, cancellationToken))?.ExperimentId;

    /// <summary>
    /// The experiment that a path of the artifact store belongs to: the one whose number it begins with, or the one of the run or logged model that keeps its files there.
    /// <see langword="null"/> when the path is nobody's.
    /// </summary>
    public async ValueTask<string?> OfArtifacts(ArtifactPath path, CancellationToken cancellationToken)
    {
        var segments = path.Full.Split('/');
        if (TrackingIds.IsExperiment(segments[0]))
        {
            return await ToOf(FindExperiment(segments[0], cancellationToken));
        }

        foreach (var id in segments.Where(s => IdFormat.Matches(s) || TrackingIds.IsLoggedModel(s)).Take(IdsInPathMax))
        {
            var found = TrackingIds.IsLoggedModel(id) ? await FindLoggedModel(id, cancellationToken) : await FindRun(id, cancellationToken);
            if (found is not null && ArtifactPath.FindAt("path", found.ArtifactUri) is { } root && (path.Full + "/").StartsWith(root.Full + "/", StringComparison.Ordinal))
            {
                return found.To;
            }
        }

        return null;
    }

    public ValueTask<bool> MayReadBlob(string digest, Principal who, CancellationToken cancellationToken) =>
        Names.IsDigest(digest) ? new(grains.GetGrain<IBlobNamesGrain>(0).MayRead(digest, who, cancellationToken)) : new(false);

    /// <summary>Whether there is such a thing now.</summary>
    public async ValueTask<bool> Exists(PermissionOn on, CancellationToken cancellationToken) => on.Kind switch
    {
        PermissionKind.Experiment => TrackingIds.IsExperiment(on.Id) && await grains.GetGrain<IExperimentGrain>(on.Id).Get(cancellationToken) is not null,
        PermissionKind.RegisteredModel => await grains.GetGrain<IRegisteredModelGrain>(on.Id).Get(cancellationToken) is not null,
        PermissionKind.Dataset => Names.IsValid(on.Id) && await grains.GetGrain<IDatasetGrain>(on.Id).Get(cancellationToken) is not null,
        PermissionKind.Deployment => Names.IsValid(on.Id) && await grains.GetGrain<IDeploymentGrain>(on.Id).Get(cancellationToken) is not null,
        PermissionKind.Monitor => Names.IsValid(on.Id) && await grains.GetGrain<IMonitorGrain>(on.Id).Get(cancellationToken) is not null,
        _ => Names.IsValid(on.Id) && await PipelineExists(on.Id, cancellationToken),
    };

    private async Task<bool> PipelineExists(string name, CancellationToken cancellationToken)
    {
        try
        {
            await grains.GetGrain<IPipelineGrain>(name).Get(null, cancellationToken);
            return true;
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.NotFound)
        {
            return false;
        }
    }

    private ValueTask<Belonging?> FindExperiment(string id, CancellationToken cancellationToken) => Find(
        "experiment/" + id,
        async () => await grains.GetGrain<IExperimentGrain>(id).Get(cancellationToken) is { } experiment ? new(experiment.ExperimentId, experiment.ArtifactLocation) : null);

    private ValueTask<Belonging?> FindRun(string id, CancellationToken cancellationToken) => !TrackingIds.IsRun(id) ? default : Find(
        "run/" + id,
        async () => await grains.GetGrain<IRunGrain>(id).Get(cancellationToken) is { Info: var run } ? new(run.ExperimentId, run.ArtifactUri) : null);

    private ValueTask<Belonging?> FindLoggedModel(string id, CancellationToken cancellationToken) => !TrackingIds.IsLoggedModel(id) ? default : Find(
        "model/" + id,
        async () => await grains.GetGrain<ILoggedModelGrain>(id).Get(cancellationToken) is { } model ? new(model.ExperimentId, model.ArtifactUri) : null);

    private async ValueTask<Belonging?> Find(string key, Func<Task<Belonging?>> read)
    {
        if (this.known.TryGetValue(key, out var known))
        {
            return known;
        }

        if (await read() is not { } found)
        {
            return null;
        }

        if (this.known.Count >= RememberedMax)
        {
            this.known.Clear();
        }

        return this.known[key] = found;
    }

    private static async ValueTask<string?> ToOf(ValueTask<Belonging?> belonging) => (await belonging)?.To;

    /// <param name="To">The experiment's id or the pipeline's name.</param>
    /// <param name="ArtifactUri">Where its files are.</param>
    private sealed record Belonging(string To, string ArtifactUri);
}
