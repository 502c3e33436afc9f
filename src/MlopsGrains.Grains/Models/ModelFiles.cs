using MlopsGrains.Blobs;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Models;

/// <summary>
/// Uploaded model files as artifacts, so that tracking clients can download them: a directory named by the content, which no rename, deletion or copy concerns.
/// </summary>
internal static class ModelFiles
{
    private const string FileName = "model.zip";

    public static string Uri(BlobRef blob) => $"mlflow-artifacts:/{Root(blob)}";

    /// <summary>Makes the file visible there; doing it again changes nothing.</summary>
    public static async Task Publish(IGrainFactory grains, BlobRef blob, CancellationToken cancellationToken)
    {
        var directory = grains.GetGrain<IArtifactDirectoryGrain>(Root(blob));
        if (await directory.Find(FileName, cancellationToken) is null)
        {
            await directory.Put(FileName, blob, CancellationToken.None);
        }
    }

    private static string Root(BlobRef blob) => $"{ArtifactPath.ModelFiles}/{blob.Digest}/artifacts";
}
