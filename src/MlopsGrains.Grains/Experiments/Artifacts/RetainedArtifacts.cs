using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Artifacts;

internal static class RetainedArtifacts
{
    public const string OwnStore = "mlflow-artifacts:/";

    /// <summary>
    /// Removes the artifact names of what goes for good and answers how many. Only what lies in the platform's own store; it has a root of its own, unless the experiment's location has
    /// a part of that name.
    /// </summary>
    public static async Task<int> PurgeArtifacts(this IGrainFactory grains, string artifactUri)
    {
        ArtifactPath? path;
        try
        {
            path = ArtifactPath.FindAt("artifactUri", artifactUri);
        }
        catch (MlopsException)
        {
            // No door ever took a file for an address that cannot be parsed, so nothing lies there.
            path = null;
        }

        if (path is null)
        {
            return 0;
        }

        var directory = grains.GetGrain<IArtifactDirectoryGrain>(path.Root);
        return path.Relative.Length == 0 ? await directory.Purge() : await directory.Delete(path.Relative);
    }
}
