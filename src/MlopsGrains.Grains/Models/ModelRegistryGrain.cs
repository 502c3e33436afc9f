using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using MlopsGrains.Paging;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Models;

/// <summary>
/// The index pulls: a model says that it is about to change, and a search asks the models that did before it looks. Nothing is stored here; a new activation
/// asks every model that the catalog names. It interleaves, because models call it while it waits for them.
/// </summary>
[GrainType("model-registry"), Reentrant]
#pragma warning disable CA1001 // A semaphore that nobody takes a wait handle of owns nothing.
internal sealed class ModelRegistryGrain : Grain, IModelRegistryGrain, IRegistryIndexGrain
#pragma warning restore CA1001
{
    private const int NamesAtOnce = 1_000;
    private const int ModelsAtOnce = 32;

    /// <summary>Refuses a question that cannot be answered before anybody is asked.</summary>
    private static readonly RegistryIndex Empty = new();

    private readonly SemaphoreSlim oneAtATime = new(1);
    private readonly RegistryIndex index = new();
    private readonly HashSet<string> touched = new(StringComparer.Ordinal);
    private bool complete;

    public Task Touch(string model, CancellationToken cancellationToken = default)
    {
        touched.Add(model);
        return Task.CompletedTask;
    }

    public async Task<Page<RegisteredModel>> SearchModels(RegistryQuery query, CancellationToken cancellationToken = default)
    {
        Empty.SearchModels(query);
        await Refresh(cancellationToken);
        return index.SearchModels(query);
    }

    public async Task<Page<ModelVersion>> SearchVersions(RegistryQuery query, CancellationToken cancellationToken = default)
    {
        Empty.SearchVersions(query);
        await Refresh(cancellationToken);
        return index.SearchVersions(query);
    }

    public async Task<IReadOnlyList<string>> ModelsOfBlob(string digest, CancellationToken cancellationToken = default)
    {
        await Refresh(cancellationToken);
        return index.ModelsOfBlob(digest);
    }

    public async Task<ModelVersion> Register(string model, NewSourcedVersion version, CancellationToken cancellationToken = default)
    {
        var grain = Model(Names.CheckModel("name", model));
        SourcedVersionRules.Check(version);
        var source = ModelSource.Read(version.Source);
        var head = await grain.Get(cancellationToken) ?? throw RegistryErrors.NoModel(model);
        var isPrompt = ModelTags.IsPrompt(head.Tags) || ModelTags.IsPrompt(version.Tags ?? ModelTags.None);
        var (known, location, origin) = await LookUp(await WithModel(version, source, cancellationToken), source, isPrompt, cancellationToken);
        var added = await GrainFactory.GetGrain<IRegistrySource>(model).AddSourced(known, location, origin, cancellationToken);
        if (!string.IsNullOrEmpty(known.ModelId))
        {
            await LoggedModel(known.ModelId).AddRegistration(new ModelRegistration(model, added.Version), CancellationToken.None);
        }

        return added;
    }

    public async Task Refresh(CancellationToken cancellationToken = default)
    {
        await oneAtATime.WaitAsync(cancellationToken);
        try
        {
            if (!complete)
            {
                await TouchAll(cancellationToken);
                complete = true;
            }

            foreach (var batch in touched.ToList().Chunk(ModelsAtOnce))
            {
                await Task.WhenAll(batch.Select(name => Pull(name, cancellationToken)));
            }
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    private async Task TouchAll(CancellationToken cancellationToken)
    {
        var catalog = GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.Models);
        string? after = null;
        do
        {
            var page = await catalog.List(after, NamesAtOnce, cancellationToken);
            touched.UnionWith(page.Items);
            after = page.NextPageToken;
        }
        while (after is not null);
    }

    private async Task Pull(string name, CancellationToken cancellationToken)
    {
        // Before it is asked: a change that begins meanwhile marks it again.
        touched.Remove(name);
        try
        {
            index.Apply(name, await GrainFactory.GetGrain<IRegistrySource>(name).Changes(index.ChangeOf(name), cancellationToken));
        }
        catch
        {
            touched.Add(name);
            throw;
        }
    }

    /// <summary>A logged model that is named beside the source must exist; its run is the version's where none is named.</summary>
    private async Task<NewSourcedVersion> WithModel(NewSourcedVersion version, ModelSource source, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(version.ModelId) || source is ModelSource.OfLoggedModel)
        {
            return version;
        }

        var found = await FindLoggedModel(version.ModelId, cancellationToken) ?? throw TrackingErrors.NoLoggedModel(version.ModelId);
        return string.IsNullOrEmpty(version.RunId) ? version with { RunId = found.SourceRunId ?? "" } : version;
    }

    private async Task<(NewSourcedVersion Version, string Location, ModelVersion? Origin)> LookUp(
        NewSourcedVersion version, ModelSource source, bool isPrompt, CancellationToken cancellationToken)
    {
        switch (source)
        {
            case ModelSource.OfLoggedModel logged:
                var found = await FindLoggedModel(logged.Id, cancellationToken) ?? throw TrackingErrors.NoLoggedModel(logged.Id);
                return (version with { RunId = found.SourceRunId ?? version.RunId, ModelId = logged.Id }, found.ArtifactUri, null);
            case ModelSource.OfVersion copy:
                var grain = Model(Names.CheckModel("source", copy.Model));
                var origin = await grain.Resolve(copy.Reference, cancellationToken);
                return (version, await grain.DownloadUri(origin.Version, cancellationToken), origin);
            case ModelSource.OfRun ofRun:
                // Clients name runs of other servers too, and look them up themselves.
                if ((await Run(ofRun.RunId, cancellationToken))?.ArtifactUri is not { } uri)
                {
                    return (version, ofRun.Text, null);
                }

                return (string.IsNullOrEmpty(version.RunId) ? version with { RunId = ofRun.RunId } : version, ofRun.Path.Length == 0 ? uri : ExperimentRules.Below(uri, ofRun.Path), null);
            case ModelSource.Local local when isPrompt:
                return local.IsAbsolute
                    ? throw MlopsException.Invalid("source", $"Invalid prompt source: '{local.Text}'. Local paths are not allowed for prompts; use a word such as dummy-source.")
                    : (version, local.Text, null);
            case ModelSource.Local local:
                return await IsInside(local, version, cancellationToken)
                    ? (version, local.Text, null)
                    : throw MlopsException.Invalid("source", $"Invalid model version source: '{local.Text}'. To use a local path as a model version source, the {(string.IsNullOrEmpty(version.ModelId) ? "run_id" : "model_id")} request parameter has to be "
                        + $"specified and the local path has to be contained within the artifact directory of the {(string.IsNullOrEmpty(version.ModelId) ? "run specified by the run_id" : "model specified by the model_id")}.");
            default:
                return (version, source.Text, null);
        }
    }

    private async Task<bool> IsInside(ModelSource.Local local, NewSourcedVersion version, CancellationToken cancellationToken) =>
        (!string.IsNullOrEmpty(version.RunId) && local.IsInside((await Run(version.RunId, cancellationToken))?.ArtifactUri))
        || (!string.IsNullOrEmpty(version.ModelId) && local.IsInside((await FindLoggedModel(version.ModelId, cancellationToken))?.ArtifactUri));

    private async Task<LoggedModel?> FindLoggedModel(string id, CancellationToken cancellationToken) =>
        await LoggedModel(id).Get(cancellationToken) is { LifecycleStage: LifecycleStage.Active } found ? found : null;

    private async Task<RunInfo?> Run(string id, CancellationToken cancellationToken)
    {
        TrackingIds.CheckRun("run_id", id);
        return (await GrainFactory.GetGrain<IRunGrain>(id).Get(cancellationToken))?.Info;
    }

    private ILoggedModelGrain LoggedModel(string id) => GrainFactory.GetGrain<ILoggedModelGrain>(id);

    private IRegisteredModelGrain Model(string name) => GrainFactory.GetGrain<IRegisteredModelGrain>(name);
}
