using MlopsGrains.Cli.Artifacts;
using MlopsGrains.Client;
using MlopsGrains.Errors;
using MlopsGrains.Models;

namespace MlopsGrains.Cli;

/// <summary>Where the files of a version are that was registered by a source and not with a file of its own.</summary>
internal static class ModelSource
{
    private const string RunScheme = "runs:/";
    private const string ModelScheme = "models:/";
    private const string ArtifactScheme = "mlflow-artifacts:";

    public static (ArtifactTree Tree, string? Path) Find(MlopsGrainsClient client, ModelVersion version)
    {
        var source = version.Source;
        if (version.ModelId is { } modelId || (source.StartsWith(ModelScheme + "m-", StringComparison.Ordinal) && (modelId = source[ModelScheme.Length..].Split('/')[0]) is not null))
        {
            return (ArtifactTree.OfLoggedModel(client, modelId), null);
        }

        if (source.StartsWith(RunScheme, StringComparison.Ordinal))
        {
            var parts = source[RunScheme.Length..].Trim('/').Split('/', 2);
            return (ArtifactTree.OfRun(client, parts[0]), parts.ElementAtOrDefault(1));
        }

        // mlflow-artifacts:/experiment/run/artifacts/path
        if (source.StartsWith(ArtifactScheme, StringComparison.Ordinal) && source[ArtifactScheme.Length..].Trim('/').Split('/', 4) is [_, var run, "artifacts", ..] place)
        {
            return (ArtifactTree.OfRun(client, run), place.ElementAtOrDefault(3));
        }

        throw new MlopsException(ErrorKind.NotSupported, $"{version.Model} version {version.Version} has its files at '{source}', which is not on this server; fetch them there.", "source");
    }
}
