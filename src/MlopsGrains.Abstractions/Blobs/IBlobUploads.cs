namespace MlopsGrains.Blobs;

/// <summary>Uploads in parts to the content-addressed store. An upload is named by 32 lower-case hex digits; one that nobody ends is removed after a day.</summary>
public interface IBlobUploads
{
    /// <summary>Keeps one part of an upload, over the same part if it came before; nothing becomes visible. The digest is that of the part.</summary>
    /// <exception cref="Errors.MlopsException">The parts together have more than <paramref name="maxBytes"/> bytes (<see cref="Errors.ErrorKind.TooLarge"/>).</exception>
    Task<BlobRef> WritePartAsync(string upload, int number, Stream content, long maxBytes, CancellationToken cancellationToken = default);

    /// <summary>Stores the parts, one after the other, as one blob; they stay until they are dropped.</summary>
    /// <exception cref="Errors.MlopsException">A part is not there or has another digest (<see cref="Errors.ErrorKind.InvalidInput"/>), or the limit is passed.</exception>
    Task<BlobRef> JoinPartsAsync(string upload, IReadOnlyList<UploadedPart> parts, long maxBytes, CancellationToken cancellationToken = default);

    /// <summary>Removes an upload's parts; again changes nothing.</summary>
    Task DropPartsAsync(string upload, CancellationToken cancellationToken = default);
}

/// <summary>One part of an upload.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Digest">SHA-256 of its bytes, 64 lower-case hex digits.</param>
public sealed record UploadedPart(int Number, string Digest);
