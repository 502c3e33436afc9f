using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Identity;
using MlopsGrains.Storage.Blobs;

namespace MlopsGrains.Grains.Blobs;

/// <summary>The platform's blobs over the storage room's content-addressed store.</summary>
public sealed class BlobsAdapter(IBlobStore store) : IBlobs
{
    public async Task<BlobRef> WriteAsync(Stream content, long maxBytes, CancellationToken cancellationToken = default)
    {
        try
        {
            var stored = await store.WriteAsync(content, maxBytes, cancellationToken);
            return new BlobRef(stored.Digest, stored.Length);
        }
        catch (BlobTooLargeException e)
        {
            throw new MlopsException(ErrorKind.TooLarge, e.Message);
        }
    }

    public async Task<Stream> OpenReadAsync(string digest, CancellationToken cancellationToken = default) =>
        await store.OpenReadAsync(Names.CheckDigest("digest", digest), cancellationToken)
        ?? throw MlopsException.NotFound("Blob", digest);
}
