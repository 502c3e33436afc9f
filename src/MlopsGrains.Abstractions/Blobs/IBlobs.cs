namespace MlopsGrains.Blobs;

/// <summary>The content-addressed store of artifacts, datasets and model files. Bytes go here; grains keep digests.</summary>
public interface IBlobs
{
    /// <summary>Stores a stream and publishes it atomically. A stream that fails leaves nothing visible.</summary>
    /// <exception cref="Errors.MlopsException">More than <paramref name="maxBytes"/> bytes came (<see cref="Errors.ErrorKind.TooLarge"/>).</exception>
    Task<BlobRef> WriteAsync(Stream content, long maxBytes, CancellationToken cancellationToken = default);

    /// <summary>Opens a blob; the digest is verified while it is read from start to end. The stream can seek.</summary>
    /// <exception cref="Errors.MlopsException">No such blob (<see cref="Errors.ErrorKind.NotFound"/>).</exception>
    Task<Stream> OpenReadAsync(string digest, CancellationToken cancellationToken = default);
}

/// <summary>Names stored bytes.</summary>
/// <param name="Digest">SHA-256, 64 lower-case hex digits.</param>
/// <param name="Length">Bytes.</param>
[GenerateSerializer, Immutable, Alias("mlops.BlobRef")]
public sealed record BlobRef([property: Id(0)] string Digest, [property: Id(1)] long Length);
