using System.Runtime.CompilerServices;
using MlopsGrains.Client;

namespace MlopsGrains.Cli.Experiments;

/// <param name="Path">From the root.</param>
/// <param name="Bytes">Of a file; <see langword="null"/> for a directory.</param>
internal sealed record TreeEntry(string Path, long? Bytes);

/// <summary>Files of a run or a logged model, one directory at a time.</summary>
internal abstract class ArtifactTree
{
    public abstract Task<IReadOnlyList<TreeEntry>> ListAsync(string? path, CancellationToken cancellationToken);

    public abstract Task<Stream> OpenAsync(string path, CancellationToken cancellationToken);

    public async IAsyncEnumerable<TreeEntry> FilesAsync(string? path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var entry in await ListAsync(path, cancellationToken))
        {
            if (entry.Bytes is not null)
            {
                yield return entry;
                continue;
            }

            await foreach (var below in FilesAsync(entry.Path, cancellationToken))
            {
                yield return below;
            }
        }
    }

    public static ArtifactTree OfRun(MlopsGrainsClient client, string runId) => new RunTree(client, runId);

    public static ArtifactTree OfLoggedModel(MlopsGrainsClient client, string modelId) => new LoggedModelTree(client, modelId);

    private sealed class RunTree(MlopsGrainsClient client, string runId) : ArtifactTree
    {
        public override async Task<IReadOnlyList<TreeEntry>> ListAsync(string? path, CancellationToken cancellationToken) =>
            [.. (await client.Runs.ListArtifactsAsync(runId, path, cancellationToken)).Select(e => new TreeEntry(path is null ? e.Name : $"{path}/{e.Name}", e.Blob?.Length))];

        public override Task<Stream> OpenAsync(string path, CancellationToken cancellationToken) => client.Runs.DownloadArtifactAsync(runId, path, cancellationToken);
    }

    private sealed class LoggedModelTree(MlopsGrainsClient client, string modelId) : ArtifactTree
    {
        public override async Task<IReadOnlyList<TreeEntry>> ListAsync(string? path, CancellationToken cancellationToken) =>
            [.. (await client.LoggedModels.ListFilesAsync(modelId, path, cancellationToken)).Select(f => new TreeEntry(f.Path, f.IsDir ? null : f.FileSize ?? 0))];

        public override Task<Stream> OpenAsync(string path, CancellationToken cancellationToken) => client.LoggedModels.OpenFileAsync(modelId, path, cancellationToken);
    }
}
