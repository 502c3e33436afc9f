using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Http;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>Artifacts for every door: bytes go to the blob store, streamed; names to the directory of their root.</summary>
internal sealed class ArtifactFiles(IGrainFactory grains, IBlobs blobs, IOptions<GatewayOptions> options)
{
    private const int DeletesAtOnce = 16;

    public Task<BlobRef> Put(ArtifactPath path, Stream content, CancellationToken cancellationToken) =>
        Put(path, () => Write(content, cancellationToken));

    /// <summary>The same for 1 to <paramref name="bytesMax"/> bytes; more and none are bad input.</summary>
    public Task<BlobRef> PutSmall(ArtifactPath path, Stream content, long bytesMax, CancellationToken cancellationToken) => Put(path, async () =>
    {
        try
        {
            var blob = await blobs.WriteAsync(content, bytesMax, cancellationToken);
            return blob.Length > 0 ? blob : throw MlopsException.Invalid("body", "Request must specify data.");
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.TooLarge)
        {
            throw MlopsException.Invalid("body", $"Artifact size is too large. Max size is {bytesMax} bytes; put larger files to /mlflow-artifacts/artifacts.");
        }
    });

    private async Task<BlobRef> Put(ArtifactPath path, Func<Task<BlobRef>> write)
    {
        if (path.Writable().Relative.Length == 0)
        {
            throw MlopsException.Invalid("path", $"path '{path.Root}' is a directory; a file name must follow.");
        }

        var blob = await write();
        await Directory(path).Put(path.Relative, blob, CancellationToken.None);
        return blob;
    }

    public async Task<BlobRef> Write(Stream content, CancellationToken cancellationToken)
    {
        try
        {
            return await blobs.WriteAsync(content, options.Value.ArtifactBytesMax, cancellationToken);
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.TooLarge)
        {
            throw BodyLimit.Artifact.Refuse(options.Value);
        }
    }

    /// <summary>A file as an answer with ranges; the digest is its entity tag.</summary>
    public async Task<IResult> Get(ArtifactPath path, string contentType, CancellationToken cancellationToken)
    {
        var blob = path.Relative.Length == 0 ? null : await Directory(path).Find(path.Relative, cancellationToken);
        return blob is null
            ? throw MlopsException.NotFound("Artifact", path.Relative.Length == 0 ? path.Root : path.Relative)
            : await Get(blob.Digest, contentType, path.Relative[(path.Relative.LastIndexOf('/') + 1)..], cancellationToken);
    }

    public async Task<IResult> Get(string digest, string contentType, string? fileName, CancellationToken cancellationToken)
    {
        var content = await blobs.OpenReadAsync(digest, cancellationToken);
        return Results.Stream(content, contentType, fileName, entityTag: new EntityTagHeaderValue($"\"{digest}\""), enableRangeProcessing: true);
    }

    /// <summary>Direct children in ordinal order. Above the roots of an experiment's runs and models these are the directories on the way to them.</summary>
    /// <exception cref="MlopsException"><see cref="ErrorKind.InvalidInput"/> when more than <see cref="TrackingLimits.FilesPerRootMax"/> lie above roots.</exception>
    public async Task<IReadOnlyList<ArtifactEntry>> List(ArtifactPath path, CancellationToken cancellationToken)
    {
        var entries = await Directory(path).List(path.Relative, cancellationToken);
        if (!path.MayHoldRoots)
        {
            return entries;
        }

        var above = path.Full + "/";
        var names = new SortedSet<string>(entries.Select(e => e.Name), StringComparer.Ordinal);
        var directories = new List<ArtifactEntry>();
        await foreach (var root in Roots(path, cancellationToken))
        {
            var name = root[above.Length..].Split('/')[0];
            if (names.Add(name))
            {
                directories.Add(new ArtifactEntry(name, null));
            }

            if (directories.Count > TrackingLimits.FilesPerRootMax)
            {
                throw MlopsException.Invalid("path", $"path '{path.Full}' holds more than {TrackingLimits.FilesPerRootMax} directories; name one of them.");
            }
        }

        return [.. entries.Concat(directories).OrderBy(e => e.Name, StringComparer.Ordinal)];
    }

    /// <summary>Removes a file, or a directory with all below it, the roots of runs and models included.</summary>
    public async Task Delete(ArtifactPath path, CancellationToken cancellationToken)
    {
        await Directory(path.Writable()).Delete(path.Relative, cancellationToken);
        if (path.MayHoldRoots)
        {
            await Parallel.ForEachAsync(
                Roots(path, cancellationToken), new ParallelOptions { MaxDegreeOfParallelism = DeletesAtOnce, CancellationToken = cancellationToken },
                async (root, token) => await grains.GetGrain<IArtifactDirectoryGrain>(root).Delete("", token));
        }
    }

    private async IAsyncEnumerable<string> Roots(ArtifactPath path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (string? after = null; ;)
        {
            var page = await Directory(path).Roots(path.Relative, after, cancellationToken);
            foreach (var root in page)
            {
                yield return root;
            }

            if (page.Count < IArtifactDirectoryGrain.RootsPerPage)
            {
                yield break;
            }

            after = page[^1];
        }
    }

    /// <summary>Where a run's files are, and a path below it (<see langword="null"/> or empty for the root itself).</summary>
    public async Task<(string Uri, ArtifactPath Path)> OfRun(string runId, string? path, CancellationToken cancellationToken)
    {
        var run = await grains.GetGrain<IRunGrain>(runId).Get(cancellationToken) ?? throw TrackingErrors.NoRun(runId);
        return (run.Info.ArtifactUri, At(run.Info.ArtifactUri, path));
    }

    /// <summary>The same for a logged model.</summary>
    public async Task<(string Uri, ArtifactPath Path)> OfLoggedModel(string modelId, string? path, CancellationToken cancellationToken)
    {
        var model = await grains.GetGrain<ILoggedModelGrain>(modelId).Get(cancellationToken);
        return model is { LifecycleStage: LifecycleStage.Active }
            ? (model.ArtifactUri, At(model.ArtifactUri, path))
            : throw TrackingErrors.NoLoggedModel(modelId);
    }

    /// <summary>A path below (<see langword="null"/> or empty for itself) a place that a client knows by its URI.</summary>
    public static ArtifactPath At(string uri, string? path)
    {
        var root = ArtifactPath.FindAt("artifact_uri", uri)
            ?? throw new MlopsException(ErrorKind.NotSupported, $"The artifacts are at '{uri}', outside the platform; ask that store.");
        return string.IsNullOrEmpty(path) ? root : root with { Relative = Below(root.Relative, ArtifactPath.CheckRelative("path", path)) };
    }

    /// <summary>A directory's path may end with one slash.</summary>
    public static string? DirectoryPath(string? path) => path is [_, .., '/'] ? path[..^1] : path;

    private static string Below(string directory, string path) => directory.Length == 0 ? path : $"{directory}/{path}";

    private IArtifactDirectoryGrain Directory(ArtifactPath path) => grains.GetGrain<IArtifactDirectoryGrain>(path.Root);
}
