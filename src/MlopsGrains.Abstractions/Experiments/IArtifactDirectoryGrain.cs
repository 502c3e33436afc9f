using MlopsGrains.Blobs;

namespace MlopsGrains.Experiments;

/// <summary>
/// The file names below one artifact root and the blobs they point to. The key is the root: everything of a proxied path up to and including the first
/// segment <c>artifacts</c> (<c>12/&lt;run id&gt;/artifacts</c>), see <see cref="ArtifactPath"/>.
/// </summary>
[GrainInterfaceType("artifact-directory")]
public interface IArtifactDirectoryGrain : IGrainWithStringKey
{
    /// <summary>Most keys that <see cref="Roots"/> answers at once.</summary>
    const int RootsPerPage = 1000;

    /// <summary>Points a path at a blob, over whatever was there.</summary>
    [Alias("Put")]
    Task Put(string path, BlobRef blob, CancellationToken cancellationToken = default);

    /// <summary>The blob at a path, or <see langword="null"/>.</summary>
    [Alias("Find"), ReadOnly]
    Task<BlobRef?> Find(string path, CancellationToken cancellationToken = default);

    /// <summary>Direct children of a directory (<c>""</c> is the root), in ordinal order; empty when it does not exist or is a file.</summary>
    [Alias("List"), ReadOnly]
    Task<IReadOnlyList<ArtifactEntry>> List(string path, CancellationToken cancellationToken = default);

    /// <summary>
    /// Keys of roots that lie below a directory above them, in the order of their UTF-8 bytes, at most <see cref="RootsPerPage"/>, strictly after
    /// <paramref name="after"/>. The directory is one of this root, and only a root of one segment has roots below it: <c>12</c> has <c>12/&lt;run id&gt;/artifacts</c>,
    /// its directory <c>models</c> has <c>12/models/&lt;model id&gt;/artifacts</c>. A root is there from its first file or
    /// upload in parts until a deletion that leaves neither a file nor an upload of the last day.
    /// </summary>
    [Alias("Roots"), ReadOnly]
    Task<IReadOnlyList<string>> Roots(string path, string? after, CancellationToken cancellationToken = default);

    /// <summary>Removes a file, or a directory with all below it (<c>""</c> is the root). Answers how many files went.</summary>
    [Alias("Delete")]
    Task<int> Delete(string path, CancellationToken cancellationToken = default);

    /// <summary>Forgets everything, for a root that will not be used again. Answers how many files went.</summary>
    [Alias("Purge")]
    Task<int> Purge(CancellationToken cancellationToken = default);

    /// <summary>Remembers an upload in parts that will put a file, for a day. At most 100 wait at one root. The id is 32 lower-case hex digits.</summary>
    [Alias("BeginUpload")]
    Task BeginUpload(string uploadId, ArtifactUpload upload, CancellationToken cancellationToken = default);

    /// <summary>An upload that waits or was completed lately, or <see langword="null"/>.</summary>
    [Alias("FindUpload"), ReadOnly]
    Task<ArtifactUpload?> FindUpload(string uploadId, CancellationToken cancellationToken = default);

    /// <summary>Points the upload's path at its blob; completing it again changes nothing, an upload that does not wait is refused.</summary>
    [Alias("CompleteUpload")]
    Task CompleteUpload(string uploadId, BlobRef blob, CancellationToken cancellationToken = default);

    /// <summary>Forgets an upload; forgetting an unknown one changes nothing.</summary>
    [Alias("AbortUpload")]
    Task AbortUpload(string uploadId, CancellationToken cancellationToken = default);
}

/// <summary>An upload in parts.</summary>
/// <param name="Path">The file that it will put.</param>
/// <param name="Parts">How many parts it may have, 1–10,000.</param>
/// <param name="KeyDigest">SHA-256 of the key that its parts must bring, 64 lower-case hex digits.</param>
/// <param name="IsComplete">Whether the file is there.</param>
[GenerateSerializer, Immutable, Alias("mlops.ArtifactUpload")]
public sealed record ArtifactUpload(
    [property: Id(0)] string Path, [property: Id(1)] int Parts, [property: Id(2)] string KeyDigest, [property: Id(3)] bool IsComplete = false);

/// <summary>A file or directory.</summary>
/// <param name="Name">Base name.</param>
/// <param name="Blob">The file's bytes; <see langword="null"/> for a directory.</param>
[GenerateSerializer, Immutable, Alias("mlops.ArtifactEntry")]
public sealed record ArtifactEntry([property: Id(0)] string Name, [property: Id(1)] BlobRef? Blob);
