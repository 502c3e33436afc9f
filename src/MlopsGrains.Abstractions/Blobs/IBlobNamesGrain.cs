using MlopsGrains.Identity;

namespace MlopsGrains.Blobs;

/// <summary>
/// Who may read a blob by nothing but its digest: whoever may read something that names it, a version of a model or a dataset or an output of a pipeline run, and who
/// uploaded it. A stateless worker; use key 0.
/// </summary>
[GrainInterfaceType("blob-names")]
public interface IBlobNamesGrain : IGrainWithIntegerKey
{
    /// <summary>Whether a user may read the blob. Administrators are not asked about.</summary>
    [Alias("MayRead")]
    Task<bool> MayRead(string digest, Principal who, CancellationToken cancellationToken = default);

    /// <summary>A user uploaded the bytes of that digest.</summary>
    [Alias("Uploaded")]
    Task Uploaded(string digest, long userId, CancellationToken cancellationToken = default);

    /// <summary>A run of a pipeline gave these digests out.</summary>
    [Alias("Produced")]
    Task Produced(IReadOnlyList<string> digests, string pipeline, CancellationToken cancellationToken = default);
}
