namespace MlopsGrains.Storage.Blobs;

/// <summary>Immutable bytes addressed by their SHA-256 (64 lower-case hex digits). Streamed end to end.</summary>
public interface IBlobStore
{
    /// <summary>
    /// Stores the stream's bytes and publishes them atomically; a stream that ends in an exception leaves nothing visible.
    /// Storing the same bytes again is a no-op.
    /// </summary>
    /// <exception cref="BlobTooLargeException">More than <paramref name="maxBytes"/> bytes came.</exception>
    /// <exception cref="BlobsUnavailableException">The disk is full, away or does not let us write; what the stream throws is thrown on as it is.</exception>
    Task<BlobReference> WriteAsync(Stream content, long maxBytes, CancellationToken cancellationToken = default);

    /// <summary>
    /// Opens a blob for reading, or returns <see langword="null"/> when it is not stored. The first time, all of it is held against the digest before anything is given out. Later the
    /// stream checks while it is read from start to end, and throws at the end; it can seek, and a partial read is not checked.
    /// </summary>
    /// <exception cref="Damage.StoredDamageException">Its bytes are not those of the digest.</exception>
    /// <exception cref="BlobsUnavailableException">It cannot be read now.</exception>
    Task<Stream?> OpenReadAsync(string digest, CancellationToken cancellationToken = default);

    Task<bool> ExistsAsync(string digest, CancellationToken cancellationToken = default);

    /// <summary>Keeps one part of an upload (32 lower-case hex digits), over the same part if it came before. Not visible as a blob. The digest is that of the part.</summary>
    /// <exception cref="BlobTooLargeException">The upload's parts together have more than <paramref name="maxBytes"/> bytes.</exception>
    Task<BlobReference> WritePartAsync(string upload, int number, Stream content, long maxBytes, CancellationToken cancellationToken = default);

    /// <summary>Stores the parts, one after the other, as one blob. The parts stay until they are dropped.</summary>
    /// <exception cref="BlobPartException">A part is not there or has another digest.</exception>
    /// <exception cref="BlobTooLargeException">The parts together have more than <paramref name="maxBytes"/> bytes.</exception>
    Task<BlobReference> JoinPartsAsync(string upload, IReadOnlyList<BlobPart> parts, long maxBytes, CancellationToken cancellationToken = default);

    /// <summary>Removes an upload's parts; again changes nothing.</summary>
    Task DropPartsAsync(string upload, CancellationToken cancellationToken = default);
}

public sealed record BlobReference(string Digest, long Length);

public sealed record BlobPart(int Number, string Digest);

public sealed class BlobPartException(int number, string reason) : Exception($"Part {number} of the upload cannot be used: {reason}.");

public sealed class BlobTooLargeException(long maxBytes) : Exception($"The content is larger than the limit of {maxBytes} bytes.")
{
    public long MaxBytes { get; } = maxBytes;
}

public sealed class BlobsUnavailableException(Exception reason) : Exception($"The disk with the blobs cannot be used now: {reason.Message}", reason);
