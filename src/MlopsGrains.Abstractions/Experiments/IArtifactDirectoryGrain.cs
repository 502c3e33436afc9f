using MlopsGrains.Blobs;
using Orleans.Runtime;

namespace MlopsGrains.Experiments;

/// <summary>
/// The file names below one artifact root and the blobs they point to. The key is the root: everything of a proxied path up to and including the first
/// segment <c>artifacts</c> (<c>12/&lt;run id&gt;/artifacts</c>), see <see cref="ArtifactPath"/>.
/// </summary>
[GrainInterfaceType("artifact-directory")]
public interface IArtifactDirectoryGrain : IGrainWithStringKey
{
    /// <summary>Points a path at a blob, over whatever was there.</summary>
    [Alias("Put")]
    Task Put(string path, BlobRef blob, CancellationToken cancellationToken = default);

    /// <summary>The blob at a path, or <see langword="null"/>.</summary>
    [Alias("Find"), ReadOnly]
    Task<BlobRef?> Find(string path, CancellationToken cancellationToken = default);

    /// <summary>Direct children of a directory (<c>""</c> is the root), in ordinal order; empty when it does not exist or is a file.</summary>
    [Alias("List"), ReadOnly]
    Task<IReadOnlyList<ArtifactEntry>> List(string path, CancellationToken cancellationToken = default);

    /// <summary>Removes a file, or a directory with all below it. Answers how many files went.</summary>
    [Alias("Delete")]
    Task<int> Delete(string path, CancellationToken cancellationToken = default);
}

/// <summary>A file or directory.</summary>
/// <param name="Name">Base name.</param>
/// <param name="Blob">The file's bytes; <see langword="null"/> for a directory.</param>
[GenerateSerializer, Immutable, Alias("mlops.ArtifactEntry")]
public sealed record ArtifactEntry([property: Id(0)] string Name, [property: Id(1)] BlobRef? Blob);
