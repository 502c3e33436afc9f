using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using MlopsGrains.Blobs;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Quotas;
using MlopsGrains.Grains.Webhooks;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Models;

[GrainType("registered-model")]
internal sealed partial class RegisteredModelGrain(
    [PersistentState("registered-model", MlopsStorage.Documents)] IPersistentState<RegisteredModelDocument> document,
    IBlobs blobs,
    TextQuota quota,
    TimeProvider time,
    ILogger<RegisteredModelGrain> logger) : DocumentGrain<RegisteredModelDocument>(document), IRegisteredModelGrain, IRegistrySource
{
    private string Name => this.GetPrimaryKeyString();

    private RegisteredModelDocument Model => Document;

    private DateTimeOffset Now => time.GetUtcNow();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        if (Model.RenamingTo is not null)
        {
            try
            {
                await FinishRename();
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.AlreadyExists)
            {
                // The name was taken meanwhile; the model keeps its own, as who asked will find.
            }
        }
    }

    public async Task<RegisteredModel> Create(NewRegisteredModel model, CancellationToken cancellationToken = default)
    {
        Names.CheckModel("name", Name);
        NewVersionRules.CheckDescription(model.Description);
        NewVersionRules.CheckDeploymentJob(model.DeploymentJobId);
        ModelTags.Check(model.Tags);
        if (Model.Exists)
        {
            return Model.CreatedByRequest is { } request && request == RequestKey.Current ? Model.View(Name) : throw RegistryErrors.ModelTaken(Name);
        }

        ChargeTexts(model.Description, model.Tags);
        Model.Create(model, Actor.Current, Now);
        Model.CreatedByRequest = RequestKey.Current;
        await StoreNew([RegistryEvents.Created(Model, Name)], Told("model.created"));
        await HandOver();
        return Model.View(Name);
    }

    public Task<RegisteredModel?> Get(CancellationToken cancellationToken = default) => Task.FromResult(Model.Exists ? Model.View(Name) : null);

    public async Task<RegisteredModel> Update(string description, CancellationToken cancellationToken = default)
    {
        NewVersionRules.CheckDescription(description);
        quota.Charge(description);
        Existing().Update(description, Now);
        await Store([], Told("model.updated"));
        return Model.View(Name);
    }

    public async Task<RegisteredModel> SetDeploymentJob(string jobId, CancellationToken cancellationToken = default)
    {
        NewVersionRules.CheckDeploymentJob(jobId);
        Existing().SetDeploymentJob(jobId, Now);
        await Store([], Told("model.deployment-job-set", ("job", jobId)));
        return Model.View(Name);
    }

    public async Task<RegisteredModel> Rename(string newName, CancellationToken cancellationToken = default)
    {
        Names.CheckModel("new_name", newName);
        Existing();
        if (newName == Name || await GrainFactory.GetGrain<IRegistrySource>(newName).IsTaken(cancellationToken))
        {
            throw RegistryErrors.ModelTaken(newName);
        }

        Model.RenamingTo = newName;
        await Store([]);
        await FinishRename();
        return await GrainFactory.GetGrain<IRegisteredModelGrain>(newName).Get(cancellationToken) ?? throw RegistryErrors.NoModel(newName);
    }

    public async Task Delete(CancellationToken cancellationToken = default)
    {
        var versions = Existing().Versions.Count;
        Model.Delete(Name);
        await Store([], Told("model.deleted", ("versions", Text(versions))));
        await Catalog.Remove(Name, CancellationToken.None);
    }

    public async Task SetTag(string key, string value, CancellationToken cancellationToken = default)
    {
        ModelTags.Check(key, value);
        quota.Charge(key, value);
        Existing().SetTag(key, value, Now);
        await Store([.. RegistryEvents.TagSet(Model, Name, key, value)], Told("model-tag.set", ("key", key)));
        await HandOver();
    }

    public async Task DeleteTag(string key, CancellationToken cancellationToken = default)
    {
        if (!Existing().Tags.ContainsKey(key))
        {
            return;
        }

        Model.DeleteTag(key, Now);
        await Store([.. RegistryEvents.TagDeleted(Model, Name, key)], Told("model-tag.deleted", ("key", key)));
        await HandOver();
    }

    public async Task<ModelVersion> AddVersion(NewModelVersion version, CancellationToken cancellationToken = default)
    {
        Names.CheckModel("name", Name);
        NewVersionRules.Check(version);
        version = version with { IdempotencyKey = version.IdempotencyKey ?? RequestKey.Current };
        if (Model.FindByKey(version.IdempotencyKey) is { } known)
        {
            return Model.View(Name, known);
        }

        await CheckBlob(version.Blob, cancellationToken);
        ChargeTexts(version.Description, version.Tags);
        var isNew = !Model.Exists;
        var added = Model.Add(version, Actor.Current, Now);
        var view = Model.View(Name, added);
        var told = ToldOfVersion("registered", added.Version, ("digest", version.Blob.Digest), ("run", added.Lineage.RunId), ("dataset-digest", added.Lineage.DatasetDigest));
        if (isNew)
        {
            await StoreNew([RegistryEvents.Created(Model, Name), RegistryEvents.VersionCreated(Model, Name, view)], Told("model.created"), told);
        }
        else
        {
            await Store([RegistryEvents.VersionCreated(Model, Name, view)], told);
        }

        await HandOver();
        return view;
    }

    public async Task<ModelVersion> AddSourced(NewSourcedVersion version, string location, ModelVersion? origin, CancellationToken cancellationToken = default)
    {
        if (Existing().FindByKey(RequestKey.Current) is { } known)
        {
            return Model.View(Name, known);
        }

        ChargeTexts(version.Description, version.Tags);
        var added = Model.View(Name, Model.Add(version, location, origin, Actor.Current, Now, RequestKey.Current));
        await Store([RegistryEvents.VersionCreated(Model, Name, added)], ToldOfVersion("registered", added.Version, ("source", version.Source), ("run", added.Lineage.RunId), ("digest", added.Blob?.Digest)));
        await HandOver();
        return added;
    }

    private void ChargeTexts(string? description, IReadOnlyDictionary<string, string>? tags) =>
        quota.Charge([description, .. tags?.SelectMany(t => new[] { t.Key, t.Value }) ?? []]);

    public Task<ModelVersion> Resolve(string reference, CancellationToken cancellationToken = default) =>
        Task.FromResult(Model.View(Name, Existing().Resolve(Name, reference)));

    public Task<IReadOnlyList<ModelVersion>> ListVersions(CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<ModelVersion>>(Existing().Views(Name, Model.Versions.AsEnumerable().Reverse()));

    public Task<ModelVersion> Served(int version, string digest, CancellationToken cancellationToken = default) => Task.FromResult(
        Model.Find(version) is { } found && found.Blob?.Digest == digest
            ? Model.View(Name, found)
            : Model.Withdrawn.FindLast(w => w.Version == version && w.Blob?.Digest == digest) ?? throw RegistryErrors.NoVersion(Name, Text(version)));

    public async Task<string> DownloadUri(int version, CancellationToken cancellationToken = default)
    {
        var found = Version(version);
        if (found.Location is { } location && found.Blob is null)
        {
            return location;
        }

        await ModelFiles.Publish(GrainFactory, found.Blob!, cancellationToken);
        return ModelFiles.Uri(found.Blob!);
    }

    public async Task<ModelVersion> UpdateVersion(int version, string description, CancellationToken cancellationToken = default)
    {
        NewVersionRules.CheckDescription(description);
        quota.Charge(description);
        Model.UpdateVersion(Version(version), description, Now);
        await Store([], ToldOfVersion("updated", version));
        return Model.View(Name, Version(version));
    }

    public async Task DeleteVersion(int version, CancellationToken cancellationToken = default)
    {
        var found = Version(version);
        Model.DeleteVersion(Name, found, Now);
        await Store([], ToldOfVersion("deleted", version, ("digest", found.Blob?.Digest), ("source", found.Source)));
    }

    public async Task<ModelVersion> SetStage(int version, ModelStage stage, bool archiveExisting, CancellationToken cancellationToken = default)
    {
        if (archiveExisting && stage is not (ModelStage.Staging or ModelStage.Production))
        {
            throw MlopsException.Invalid("archive_existing_versions", $"Model version transition cannot archive existing model versions because '{stage}' is not an Active stage. Valid stages are Staging, Production.");
        }

        var before = Version(version).Stage;
        Model.SetStage(Version(version), stage, archiveExisting, Now);
        await Store([], ToldOfVersion("stage-set", version, ("stage", stage.ToString()), ("before", before.ToString()), ("archive-existing", archiveExisting ? "true" : null)));
        return Model.View(Name, Version(version));
    }

    public async Task SetVersionTag(int version, string key, string value, CancellationToken cancellationToken = default)
    {
        ModelTags.Check(key, value);
        quota.Charge(key, value);
        Model.SetVersionTag(Version(version), key, value, Now);
        await Store([RegistryEvents.VersionTagSet(Model, Name, Version(version), key, value)], ToldOfVersion("tag-set", version, ("key", key)));
        await HandOver();
    }

    public async Task DeleteVersionTag(int version, string key, CancellationToken cancellationToken = default)
    {
        var found = Version(version);
        if (!found.Tags.ContainsKey(key))
        {
            return;
        }

        Model.DeleteVersionTag(found, key, Now);
        await Store([RegistryEvents.VersionTagDeleted(Model, Name, found, key)], ToldOfVersion("tag-deleted", version, ("key", key)));
        await HandOver();
    }

    public async Task SetAlias(string alias, int version, CancellationToken cancellationToken = default)
    {
        AliasRules.Check(alias);
        Version(version);
        var before = Model.Aliases.TryGetValue(alias, out var target) ? target : (int?)null;
        if (before == version)
        {
            return;
        }

        if (before is null && Model.Aliases.Count >= RegistryLimits.AliasesMax)
        {
            throw MlopsException.Conflict($"Registered model '{Name}' has {RegistryLimits.AliasesMax} aliases, the most it can have.");
        }

        Model.SetAlias(alias, version, Now);
        await Store([RegistryEvents.AliasSet(Model, Name, alias, version)], Told("model-alias.set", ("alias", alias), ("version", Text(version)), ("before", before is { } b ? Text(b) : null)));
        await HandOver();
    }

    public async Task DeleteAlias(string alias, CancellationToken cancellationToken = default)
    {
        if (!Existing().Aliases.TryGetValue(alias, out var version))
        {
            return;
        }

        Model.SetAlias(alias, null, Now);
        await Store([RegistryEvents.AliasDeleted(Model, Name, alias)], Told("model-alias.deleted", ("alias", alias), ("version", Text(version))));
        await HandOver();
    }

    public async Task<RegistryChanges> Changes(long since, CancellationToken cancellationToken = default)
    {
        await HandOver();
        var reset = since == 0 || since < Model.ResetChange;
        return new RegistryChanges(
            Model.Change,
            Model.Exists ? Model.View(Name) : null,
            reset,
            Model.Views(Name, reset ? Model.Versions : Model.Versions.Where(v => v.Change > since)));
    }

    public async Task Adopt(string json, string from, CancellationToken cancellationToken = default)
    {
        if (Model.AdoptedFrom == from)
        {
            return;
        }

        if (Model.Exists)
        {
            throw RegistryErrors.ModelTaken(Name);
        }

        Model.Adopt(JsonSerializer.Deserialize<RegisteredModelDocument>(json)!, from, Now);
        await StoreNew([]);
    }

    public Task<bool> IsTaken(CancellationToken cancellationToken = default) => Task.FromResult(Model.Exists);

    /// <summary>The other name takes the document, then this one forgets it. Each step may be repeated; a new activation takes up what was left half done.</summary>
    private async Task FinishRename()
    {
        var to = Model.RenamingTo!;
        try
        {
            await GrainFactory.GetGrain<IRegistrySource>(to).Adopt(JsonSerializer.Serialize(Model), $"{Name}/{Text(Model.Change)}", CancellationToken.None);
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.AlreadyExists)
        {
            Model.RenamingTo = null;
            await Store([]);
            throw;
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }

        Model.Delete(Name);
        Model.Notices = [];
        await Store([], Told("model.renamed", ("to", to)));
        await Catalog.Remove(Name, CancellationToken.None);
    }

    private RegisteredModelDocument Existing() => Model.Exists ? Model : throw RegistryErrors.NoModel(Name);

    private StoredModelVersion Version(int number) => Existing().Find(number) ?? throw RegistryErrors.NoVersion(Name, Text(number));

    /// <summary>A version whose file is not there could never be served.</summary>
    private async Task CheckBlob(BlobRef blob, CancellationToken cancellationToken)
    {
        long length;
        try
        {
            await using var content = await blobs.OpenReadAsync(blob.Digest, cancellationToken);
            length = content.Length;
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.NotFound)
        {
            throw MlopsException.Invalid("blob.digest", $"blob.digest: no blob {blob.Digest} is stored; upload it first.");
        }

        if (length != blob.Length)
        {
            throw MlopsException.Invalid("blob.length", $"blob.length is {blob.Length}; the stored blob has {length} bytes.");
        }
    }

    /// <summary>A name in the catalog without its model is passed over; a model without its name would be lost to searches.</summary>
    private async Task StoreNew(IReadOnlyList<WebhookEvent> events, params IReadOnlyList<AuditEntry> audit)
    {
        try
        {
            await Catalog.Add(Name, CancellationToken.None);
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }

        await Store(events, audit);
    }

    /// <summary>Stores the model together with what is to be told of the change.</summary>
    private Task Store(IReadOnlyList<WebhookEvent> events, params IReadOnlyList<AuditEntry> audit)
    {
        Model.Notices.AddRange(events);
        return Write(() => GrainFactory.GetGrain<IRegistryIndexGrain>(IModelRegistryGrain.Main).Touch(Name, CancellationToken.None), audit);
    }

    /// <summary>
    /// Gives what happened to the webhooks' outbox. When that fails the document still holds it, and the registry asks this model again. What nobody subscribes to
    /// is only forgotten with the next change, which spares a write.
    /// </summary>
    private async Task HandOver()
    {
        if (Model.Notices.Count == 0)
        {
            return;
        }

        int durable;
        try
        {
            durable = await GrainFactory.GetGrain<IWebhookOutboxGrain>(IWebhooksGrain.Main).Publish(Model.Notices, CancellationToken.None);
        }
        catch (Exception e) when (e is MlopsException or TimeoutException or OrleansException)
        {
            HandOverFailed(logger, Name, Model.Notices.Count, e);
            await GrainFactory.GetGrain<IRegistryIndexGrain>(IModelRegistryGrain.Main).Touch(Name, CancellationToken.None);
            return;
        }

        Model.Notices = [];
        if (durable > 0)
        {
            await Store([]);
        }
    }

    private ICatalogGrain Catalog => GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.Models);

    private AuditEntry Told(string action, params (string Key, string? Value)[] detail) => new(action, $"model/{Name}", Detail(detail));

    private AuditEntry ToldOfVersion(string what, int version, params (string Key, string? Value)[] detail) =>
        new($"model-version.{what}", $"model/{Name}/{Text(version)}", Detail(detail));

    private static Dictionary<string, string> Detail((string Key, string? Value)[] detail) =>
        detail.Where(d => d.Value is not null).ToDictionary(d => d.Key, d => d.Value!);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Registered model {Model} could not hand {Count} events to the webhooks' outbox; it keeps them and tries again.")]
    private static partial void HandOverFailed(ILogger logger, string model, int count, Exception exception);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
