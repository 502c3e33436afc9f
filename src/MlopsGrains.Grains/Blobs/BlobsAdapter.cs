using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Identity;
using MlopsGrains.Storage.Blobs;
using MlopsGrains.Storage.Damage;

namespace MlopsGrains.Grains.Blobs;

/// <summary>The platform's blobs over the storage room's content-addressed store.</summary>
public sealed class BlobsAdapter(IBlobStore store) : IBlobs, IBlobUploads
{
    public Task<BlobRef> WriteAsync(Stream content, long maxBytes, CancellationToken cancellationToken = default) =>
        Translate(store.WriteAsync(content, maxBytes, cancellationToken));

    public Task<BlobRef> WritePartAsync(string upload, int number, Stream content, long maxBytes, CancellationToken cancellationToken = default) =>
        Translate(store.WritePartAsync(upload, number, content, maxBytes, cancellationToken));

    public Task<BlobRef> JoinPartsAsync(string upload, IReadOnlyList<UploadedPart> parts, long maxBytes, CancellationToken cancellationToken = default) =>
        Translate(store.JoinPartsAsync(upload, [.. parts.Select(p => new BlobPart(p.Number, p.Digest))], maxBytes, cancellationToken));

    public Task DropPartsAsync(string upload, CancellationToken cancellationToken = default) => store.DropPartsAsync(upload, cancellationToken);

    public async Task<Stream> OpenReadAsync(string digest, CancellationToken cancellationToken = default)
    {
        try
        {
            return await store.OpenReadAsync(Names.CheckDigest("digest", digest), cancellationToken) ?? throw MlopsException.NotFound("Blob", digest);
        }
        catch (StoredDamageException e)
        {
            throw new MlopsException(ErrorKind.DataLoss, e.Message);
        }
        catch (BlobsUnavailableException e)
        {
            throw MlopsException.Unavailable(e.Message);
        }
    }

    private static async Task<BlobRef> Translate(Task<BlobReference> writing)
    {
        try
        {
            var stored = await writing;
            return new BlobRef(stored.Digest, stored.Length);
        }
        catch (BlobsUnavailableException e)
        {
            throw MlopsException.Unavailable(e.Message);
        }
        catch (BlobTooLargeException e)
        {
            throw new MlopsException(ErrorKind.TooLarge, e.Message);
        }
        catch (BlobPartException e)
        {
            throw MlopsException.Invalid("parts", e.Message);
        }
    }
}
