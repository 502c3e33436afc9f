using System.Globalization;
using MlopsGrains.Blobs;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using Orleans.Runtime;

namespace MlopsGrains.Grains.Models;

[GrainType("registered-model")]
internal sealed class RegisteredModelGrain(
    [PersistentState("registered-model", MlopsStorage.Documents)] IPersistentState<RegisteredModelDocument> document,
    IBlobs blobs,
    TimeProvider time) : Grain, IRegisteredModelGrain
{
    private string Name => this.GetPrimaryKeyString();

    private RegisteredModelDocument Model => document.State;

    public async Task<RegisteredModel> Create(string? description, CancellationToken cancellationToken = default)
    {
        Names.Check("name", Name);
        NewVersionRules.CheckDescription(description);
        if (Model.Exists)
        {
            throw MlopsException.AlreadyExists("Model", Name);
        }

        Model.Create(description, time.GetUtcNow());
        await Store();
        await Enlist();
        await Audit("model.created", $"model/{Name}");
        return Model.View(Name);
    }

    public Task<RegisteredModel?> Get(CancellationToken cancellationToken = default) => Task.FromResult(Model.Exists ? Model.View(Name) : null);

    public async Task<ModelVersion> AddVersion(NewModelVersion version, CancellationToken cancellationToken = default)
    {
        Names.Check("name", Name);
        NewVersionRules.Check(version);
        if (Model.FindByKey(version.IdempotencyKey) is { } known)
        {
            await Enlist();
            return Model.View(Name, known);
        }

        if (Model.Versions.Count >= RegisteredModelDocument.VersionsMax)
        {
            throw MlopsException.Conflict($"Model '{Name}' has {RegisteredModelDocument.VersionsMax} versions, the most it can have.");
        }

        await CheckBlob(version.Blob, cancellationToken);
        var isNew = !Model.Exists;
        var added = Model.Add(version, Actor.Current, time.GetUtcNow());
        await Store();
        await Enlist();
        if (isNew)
        {
            await Audit("model.created", $"model/{Name}");
        }

        await Audit("model-version.registered", $"model/{Name}/{added.Version}", ("digest", added.Blob.Digest), ("run", added.Lineage.RunId), ("dataset-digest", added.Lineage.DatasetDigest));
        return Model.View(Name, added);
    }

    public Task<ModelVersion> Resolve(string reference, CancellationToken cancellationToken = default) =>
        Task.FromResult(Model.View(Name, Existing().Resolve(Name, reference)));

    public Task<IReadOnlyList<ModelVersion>> ListVersions(CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<ModelVersion>>([.. Existing().Versions.AsEnumerable().Reverse().Select(v => Model.View(Name, v))]);

    public async Task SetAlias(string alias, int version, CancellationToken cancellationToken = default)
    {
        AliasRules.Check(alias);
        Existing().Resolve(Name, version.ToString(CultureInfo.InvariantCulture));
        var before = Model.Aliases.TryGetValue(alias, out var target) ? target : (int?)null;
        if (before == version)
        {
            return;
        }

        if (before is null && Model.Aliases.Count >= AliasRules.PerModelMax)
        {
            throw MlopsException.Conflict($"Model '{Name}' has {AliasRules.PerModelMax} aliases, the most it can have.");
        }

        Model.Aliases[alias] = version;
        Model.UpdatedAt = time.GetUtcNow();
        await Store();
        await Audit("model-alias.set", $"model/{Name}", ("alias", alias), ("version", Text(version)), ("before", before is { } b ? Text(b) : null));
    }

    public async Task DeleteAlias(string alias, CancellationToken cancellationToken = default)
    {
        if (!Existing().Aliases.Remove(alias, out var version))
        {
            return;
        }

        Model.UpdatedAt = time.GetUtcNow();
        await Store();
        await Audit("model-alias.deleted", $"model/{Name}", ("alias", alias), ("version", Text(version)));
    }

    private RegisteredModelDocument Existing() => Model.Exists ? Model : throw MlopsException.NotFound("Model", Name);

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

    private async Task Store()
    {
        try
        {
            await document.WriteStateAsync(CancellationToken.None);
        }
        catch
        {
            // Whether it was stored is not known: the next call reads it afresh.
            DeactivateOnIdle();
            throw;
        }
    }

    private Task Enlist() => GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.Models).Add(Name, CancellationToken.None);

    private Task<AuditEvent> Audit(string action, string subject, params (string Key, string? Value)[] detail) =>
        GrainFactory.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main).Append(
            new AuditEntry(action, subject, detail.Where(d => d.Value is not null).ToDictionary(d => d.Key, d => d.Value!)), CancellationToken.None);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
