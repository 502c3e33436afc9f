using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Blobs;

/// <summary>Finds blobs that nothing names, and removes blobs. Long work, done on the thread pool.</summary>
/// <param name="store">The blobs.</param>
/// <param name="payloads">All that is written; <see langword="null"/> where it cannot be read, and then every blob counts as named.</param>
public sealed class BlobSweeper(FolderBlobStore store, IPayloadScan? payloads)
{
    /// <summary>Blobs up to this size are read too, because a text may name blobs.</summary>
    public const int TextBytesMax = 1024 * 1024;

    /// <summary>
    /// Looks, among the <paramref name="suspects"/> and up to <paramref name="limit"/> blobs stored after the digest <paramref name="after"/> (empty: from the first), for those whose
    /// digest is written nowhere: in no payload but those of the streams <paramref name="except"/>, and in no small blob. One mark sees no single moment, so it alone condemns nothing.
    /// </summary>
    public Task<BlobMark> MarkAsync(IEnumerable<string> suspects, string after, int limit, string except, CancellationToken cancellationToken = default) => Task.Run(
        async () =>
        {
            if (payloads is null)
            {
                return new BlobMark([], "");
            }

            var unnamed = new DigestSet();
            foreach (var digest in suspects)
            {
                unnamed.Add(digest);
            }

            var (last, listed) = (after, 0);
            foreach (var digest in store.List(after).Take(limit))
            {
                unnamed.Add(digest);
                last = digest;
                listed++;
            }

            await foreach (var payload in payloads.ReadPayloadsAsync(except, cancellationToken))
            {
                unnamed.RemoveNamedIn(payload.Span);
            }

            foreach (var text in store.ReadSmall(unnamed.Count == 0 ? -1 : TextBytesMax))
            {
                cancellationToken.ThrowIfCancellationRequested();
                unnamed.RemoveNamedIn(text.Span);
            }

            return new BlobMark(unnamed.ToList(), listed < limit ? "" : last);
        },
        cancellationToken);

    /// <summary>Removes the blobs that were neither stored nor opened since; durable when the task ends. Again counts the same blobs and changes nothing.</summary>
    public Task<RemovedBlobs> RemoveAsync(IReadOnlyList<string> digests, DateTimeOffset untouchedSince, CancellationToken cancellationToken = default) =>
        Task.Run(() => store.Remove(digests, untouchedSince, cancellationToken), cancellationToken);
}

/// <summary>What a mark found.</summary>
/// <param name="Unnamed">Digests in order.</param>
/// <param name="Next">After which digest the next mark may go on; empty when the last blob was reached.</param>
public sealed record BlobMark(IReadOnlyList<string> Unnamed, string Next);
