namespace MlopsGrains.Storage.Blobs;

/// <summary>Immutable bytes addressed by their SHA-256 (64 lower-case hex digits). Streamed end to end.</summary>
public interface IBlobStore
{
    /// <summary>
    /// Stores the stream's bytes and publishes them atomically; a stream that ends in an exception leaves nothing visible.
    /// Storing the same bytes again is a no-op.
    /// </summary>
    /// <exception cref="BlobTooLargeException">More than <paramref name="maxBytes"/> bytes came.</exception>
    Task<BlobReference> WriteAsync(Stream content, long maxBytes, CancellationToken cancellationToken = default);

    /// <summary>
    /// Opens a blob for reading, or returns <see langword="null"/> when it is not stored. The returned stream checks the digest while it is read
    /// from start to end and throws <see cref="BlobCorruptException"/> at the end if it differs; it can seek, and a partial read is not checked.
    /// </summary>
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

public sealed class BlobCorruptException(string digest, string found) : Exception($"Blob {digest} is damaged: its bytes hash to {found}.");
