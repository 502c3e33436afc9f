using MlopsGrains.Cli.Experiments;
using MlopsGrains.Client;
using MlopsGrains.Errors;
using MlopsGrains.Models;

namespace MlopsGrains.Cli.Models;

/// <summary>Where the files of a version are that was registered by a source and not with a file of its own.</summary>
internal static class VersionFiles
{
    public static (ArtifactTree Tree, string? Path) Find(MlopsGrainsClient client, ModelVersion version) =>
        version.ModelId is { Length: > 0 } modelId ? (ArtifactTree.OfLoggedModel(client, modelId), null) : ModelSource.Read(version.Source) switch
        {
            ModelSource.OfLoggedModel logged => (ArtifactTree.OfLoggedModel(client, logged.Id), null),
            ModelSource.OfRun run => (ArtifactTree.OfRun(client, run.RunId), NullIfEmpty(run.Path)),
            ModelSource.Artifacts { Path: var path } when path.Root.Split('/') is [_, var run, "artifacts"] => (ArtifactTree.OfRun(client, run), NullIfEmpty(path.Relative)),
            _ => throw new MlopsException(ErrorKind.NotSupported, $"{version.Model} version {version.Version} has its files at '{version.Source}', which is not on this server; fetch them there.", "source"),
        };

    private static string? NullIfEmpty(string path) => path.Length == 0 ? null : path;
}
