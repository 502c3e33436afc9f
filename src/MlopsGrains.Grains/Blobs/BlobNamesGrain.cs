using System.Buffers.Text;
using MlopsGrains.Blobs;
using MlopsGrains.Catalogs;
using MlopsGrains.Data;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Blobs;

[GrainType("blob-names"), StatelessWorker]
internal sealed class BlobNamesGrain : Grain, IBlobNamesGrain
{
    private const int NamesAtOnce = 1_000;
    private const int DatasetsMax = 10_000;
    private const int DatasetsAtOnce = 32;

    public async Task<bool> MayRead(string digest, Principal who, CancellationToken cancellationToken = default)
    {
        var accounts = GrainFactory.GetGrain<IAccountsGrain>(IAccountsGrain.Main);
        var levels = (await accounts.ReadPermissions(who.UserId, -2, cancellationToken))!.Permissions.ToDictionary(p => p.On, p => p.Level);
        bool MayReadThing(PermissionKind kind, string id) => levels.GetValueOrDefault(new PermissionOn(kind, id), who.Default) >= PermissionLevel.Read;

        var holders = await Holders(digest).Get(cancellationToken);
        if (holders.Uploaders.Contains(who.UserId) || holders.Pipelines.Any(p => MayReadThing(PermissionKind.Pipeline, p)))
        {
            return true;
        }

        var models = await GrainFactory.GetGrain<IModelRegistryGrain>(IModelRegistryGrain.Main).ModelsOfBlob(digest, cancellationToken);
        return models.Any(m => MayReadThing(PermissionKind.RegisteredModel, m)) || await IsOfDataset(digest, n => MayReadThing(PermissionKind.Dataset, n), cancellationToken);
    }

    public Task Uploaded(string digest, long userId, CancellationToken cancellationToken = default) => Holders(digest).Add(userId, null, cancellationToken);

    public Task Produced(IReadOnlyList<string> digests, string pipeline, CancellationToken cancellationToken = default) =>
        Task.WhenAll(digests.Select(d => Holders(d).Add(null, pipeline, cancellationToken)));

    private async Task<bool> IsOfDataset(string digest, Func<string, bool> mayRead, CancellationToken cancellationToken)
    {
        var catalog = GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.Datasets);
        string? after = null;
        for (var seen = 0; seen < DatasetsMax;)
        {
            var page = await catalog.List(after, NamesAtOnce, cancellationToken);
            foreach (var names in page.Items.Where(mayRead).Chunk(DatasetsAtOnce))
            {
                var datasets = await Task.WhenAll(names.Select(n => GrainFactory.GetGrain<IDatasetGrain>(n).Get(cancellationToken)));
                if (datasets.OfType<Dataset>().SelectMany(d => d.Versions).Any(v => v.Digest == digest))
                {
                    return true;
                }
            }

            seen += page.Items.Count;
            after = page.NextPageToken;
            if (after is null)
            {
                break;
            }
        }

        return false;
    }

    /// <summary>The key is not the digest as people write it, or the sweep of blobs would take the record for something that names the blob.</summary>
    private IBlobHoldersGrain Holders(string digest) => GrainFactory.GetGrain<IBlobHoldersGrain>(Base64Url.EncodeToString(Convert.FromHexString(Names.CheckDigest("digest", digest))));
}

/// <summary>Who uploaded a blob and which pipelines gave it out. The key is the digest in base64.</summary>
[GrainInterfaceType("blob-holders")]
internal interface IBlobHoldersGrain : IGrainWithStringKey
{
    [Alias("Get"), ReadOnly]
    Task<BlobHolders> Get(CancellationToken cancellationToken = default);

    /// <summary>Adds a user or a pipeline; the oldest of more than 100 are forgotten.</summary>
    [Alias("Add")]
    Task Add(long? userId, string? pipeline, CancellationToken cancellationToken = default);
}

[GenerateSerializer, Immutable, Alias("mlops.BlobHolders")]
internal sealed record BlobHolders([property: Id(0)] IReadOnlyList<long> Uploaders, [property: Id(1)] IReadOnlyList<string> Pipelines);

[GrainType("blob-holders")]
internal sealed class BlobHoldersGrain([PersistentState("blob-holders", MlopsStorage.Documents)] IPersistentState<BlobHoldersDocument> document) : DocumentGrain<BlobHoldersDocument>(document), IBlobHoldersGrain
{
    private const int HoldersMax = 100;

    public Task<BlobHolders> Get(CancellationToken cancellationToken = default) => Task.FromResult(new BlobHolders([.. Document.Uploaders], [.. Document.Pipelines]));

    public async Task Add(long? userId, string? pipeline, CancellationToken cancellationToken = default)
    {
        var isNew = (userId is { } id && Add(Document.Uploaders, id)) | (pipeline is not null && Add(Document.Pipelines, pipeline));
        if (isNew)
        {
            await Write();
        }
    }

    private static bool Add<T>(List<T> holders, T holder)
    {
        if (holders.Contains(holder))
        {
            return false;
        }

        if (holders.Count >= HoldersMax)
        {
            holders.RemoveAt(0);
        }

        holders.Add(holder);
        return true;
    }
}

internal sealed class BlobHoldersDocument : StoredDocument
{
    public List<long> Uploaders { get; set; } = [];

    public List<string> Pipelines { get; set; } = [];
}
