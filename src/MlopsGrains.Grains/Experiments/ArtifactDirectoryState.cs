using System.Text.Json.Serialization;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments;

[JsonDerivedType(typeof(ArtifactPut), "put")]
[JsonDerivedType(typeof(ArtifactsDeleted), "deleted")]
internal abstract record ArtifactDirectoryEvent;

internal sealed record ArtifactPut(string Path, BlobRef Blob) : ArtifactDirectoryEvent;

/// <summary>The file at the path, or everything below it.</summary>
internal sealed record ArtifactsDeleted(string Path) : ArtifactDirectoryEvent;

/// <summary>Files in ordinal order of their paths; a directory is a common beginning and exists as long as a file has it.</summary>
[Immutable]
internal sealed class ArtifactDirectoryState
{
    public const int FilesMax = 100_000;

    public List<ArtifactPut> Files { get; init; } = [];

    public BlobRef? Find(string path) => IndexOf(path) is >= 0 and var at ? Files[at].Blob : null;

    public void CheckPut(string path)
    {
        if (Files.Count >= FilesMax && IndexOf(path) < 0)
        {
            throw MlopsException.Invalid("path", $"The artifact root holds {Files.Count} files; at most {FilesMax}.");
        }

        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (IndexOf(path[..slash]) >= 0)
            {
                throw MlopsException.Invalid("path", $"path '{path}' goes through '{path[..slash]}', which is a file.");
            }
        }

        if (Below(path).Count > 0)
        {
            throw MlopsException.Invalid("path", $"path '{path}' is a directory.");
        }
    }

    public List<ArtifactEntry> List(string path)
    {
        var prefix = path.Length == 0 ? "" : path + "/";
        var entries = new List<ArtifactEntry>();
        var at = FirstNotBefore(prefix);
        while (at < Files.Count && Files[at].Path.StartsWith(prefix, StringComparison.Ordinal))
        {
            var rest = Files[at].Path[prefix.Length..];
            var slash = rest.IndexOf('/', StringComparison.Ordinal);
            entries.Add(slash < 0 ? new ArtifactEntry(rest, Files[at].Blob) : new ArtifactEntry(rest[..slash], null));

            // '0' follows '/': one search jumps over all that lies in a directory.
            at = slash < 0 ? at + 1 : FirstNotBefore(prefix + rest[..slash] + "0");
        }

        entries.Sort((x, y) => string.CompareOrdinal(x.Name, y.Name));
        return entries;
    }

    public int CountAt(string path) => (IndexOf(path) >= 0 ? 1 : 0) + Below(path).Count;

    public void Apply(ArtifactDirectoryEvent e)
    {
        switch (e)
        {
            case ArtifactPut put when IndexOf(put.Path) is >= 0 and var at:
                Files[at] = put;
                break;
            case ArtifactPut put:
                Files.Insert(FirstNotBefore(put.Path), put);
                break;
            case ArtifactsDeleted deleted:
                var (start, count) = Below(deleted.Path);
                Files.RemoveRange(start, count);
                if (IndexOf(deleted.Path) is >= 0 and var file)
                {
                    Files.RemoveAt(file);
                }

                break;
            default:
                break;
        }
    }

    private (int Start, int Count) Below(string path)
    {
        var start = FirstNotBefore(path + "/");
        return (start, FirstNotBefore(path + "0") - start);
    }

    private int IndexOf(string path) => FirstNotBefore(path) is var at && at < Files.Count && Files[at].Path == path ? at : -1;

    private int FirstNotBefore(string path)
    {
        int low = 0, high = Files.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (string.CompareOrdinal(Files[middle].Path, path) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
