using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Identity;
using MlopsGrains.Models;

namespace MlopsGrains.Gateway.Access;

/// <summary>What a name stands for, as far as levels go.</summary>
/// <param name="On">What the level is given on; <see langword="null"/> when there is no such thing, or it is nobody's.</param>
/// <param name="IsFree">It is outside the platform, so nobody is asked.</param>
internal readonly record struct AccessPlace(PermissionOn? On, bool IsFree = false);

/// <summary>A kind of thing that fields name: how a name leads to something with levels, and how it is told that there is none.</summary>
/// <param name="InWords">For the API document, such as <c>the experiment of the run</c>.</param>
/// <param name="Find">From a name to what it stands for.</param>
/// <param name="Missing">What the endpoints say when there is no such thing; also said to those who may not know that there is one.</param>
internal sealed record AccessTarget(string InWords, Func<Owners, Principal, string, CancellationToken, ValueTask<AccessPlace>> Find, Func<string, MlopsException> Missing)
{
    public static AccessTarget Experiment { get; } = Thing("the experiment", PermissionKind.Experiment, id => TrackingErrors.NoExperiment(id));

    public static AccessTarget ExperimentName { get; } = new("the experiment", async (owners, _, name, token) => Of(await owners.OfExperimentNamed(name, token)), TrackingErrors.NoExperimentNamed);

    public static AccessTarget Run { get; } = new("the experiment of the run", async (owners, _, id, token) => Of(await owners.OfRun(id, token)), TrackingErrors.NoRun);

    /// <summary>A run of this server or of another one, which is nobody's here.</summary>
    public static AccessTarget RunOfAnyServer { get; } = Run with { Find = async (owners, _, id, token) => await owners.OfRun(id, token) is { } experiment ? Of(experiment) : Free };

    public static AccessTarget LoggedModel { get; } = new("the experiment of the logged model", async (owners, _, id, token) => Of(await owners.OfLoggedModel(id, token)), TrackingErrors.NoLoggedModel);

    public static AccessTarget RegisteredModel { get; } = Thing("the registered model", PermissionKind.RegisteredModel, RegistryErrors.NoModel);

    public static AccessTarget Dataset { get; } = Thing("the dataset", PermissionKind.Dataset, name => MlopsException.NotFound("Dataset", name));

    public static AccessTarget Deployment { get; } = Thing("the deployment", PermissionKind.Deployment, name => MlopsException.NotFound("Deployment", name));

    public static AccessTarget Monitor { get; } = Thing("the monitor", PermissionKind.Monitor, name => MlopsException.NotFound("Monitor", name));

    public static AccessTarget Pipeline { get; } = Thing("the pipeline", PermissionKind.Pipeline, name => MlopsException.NotFound("Pipeline", name));

    public static AccessTarget PipelineRun { get; } = new(
        "the pipeline of the run",
        async (owners, _, id, token) => await owners.OfPipelineRun(id, token) is { } name ? new(new(PermissionKind.Pipeline, name)) : default,
        id => MlopsException.NotFound("Pipeline run", id));

    /// <summary>A path in the artifact store. The files of registered models are read by who may read a model that they are of; unknown roots are nobody's.</summary>
    public static AccessTarget Artifacts { get; } = new(
        "the experiment or the model of the files",
        (owners, who, path, token) => OfArtifacts(owners, who, ArtifactPath.Parse("path", path), token),
        path => MlopsException.NotFound("Artifact", path));

    /// <summary>Bytes by their digest alone.</summary>
    public static AccessTarget Blob { get; } = new(
        "something that has the blob", async (owners, who, digest, token) => await owners.MayReadBlob(digest, who, token) ? Free : default, digest => MlopsException.NotFound("Blob", digest));

    /// <summary>Where a new experiment keeps its artifacts: in a part of the platform's own store that is somebody's, only with their leave.</summary>
    public static AccessTarget Location { get; } = new(
        "the experiment of the place",
        async (owners, _, uri, token) => ArtifactPath.FindAt("artifact_location", uri) is not { } path ? Free
            : await owners.OfArtifacts(path, token) is { } experiment ? Of(experiment)
            : path.IsModelFiles || TrackingIds.IsExperiment(path.Full.Split('/')[0]) ? default
            : Free,
        uri => MlopsException.NotFound("Artifact location", uri));

    /// <summary>What a model version is made from. Other stores, paths and runs of other servers are nobody's here.</summary>
    public static AccessTarget Source { get; } = new(
        "what is made a version",
        async (owners, who, text, token) => ModelSource.Read(text) switch
        {
            ModelSource.OfVersion version => new(new(PermissionKind.RegisteredModel, version.Model)),
            ModelSource.OfLoggedModel logged => Of(await owners.OfLoggedModel(logged.Id, token)),
            ModelSource.OfRun run => await owners.OfRun(run.RunId, token) is { } experiment ? Of(experiment) : Free,
            ModelSource.Artifacts artifacts => await OfArtifacts(owners, who, artifacts.Path, token),
            _ => Free,
        },
        text => ModelSource.Read(text) switch
        {
            ModelSource.OfVersion version => RegistryErrors.NoModel(version.Model),
            ModelSource.OfLoggedModel logged => TrackingErrors.NoLoggedModel(logged.Id),
            _ => MlopsException.NotFound("Artifact", text),
        });

    private static AccessPlace Free => new(null, IsFree: true);

    /// <summary>A thing whose name is what levels are given on.</summary>
    private static AccessTarget Thing(string words, PermissionKind kind, Func<string, MlopsException> missing) =>
        new(words, (_, _, name, _) => new(new AccessPlace(new PermissionOn(kind, name))), missing);

    private static async ValueTask<AccessPlace> OfArtifacts(Owners owners, Principal who, ArtifactPath path, CancellationToken cancellationToken) =>
        !path.IsModelFiles ? Of(await owners.OfArtifacts(path, cancellationToken))
        : path.Root.Split('/') is [_, var digest, ..] && Names.IsDigest(digest) && await owners.MayReadBlob(digest, who, cancellationToken) ? Free
        : default;

    private static AccessPlace Of(string? experiment) => new(experiment is null ? null : new PermissionOn(PermissionKind.Experiment, experiment));
}
