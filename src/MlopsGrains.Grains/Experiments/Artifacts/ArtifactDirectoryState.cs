using System.Text.Json.Serialization;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Artifacts;

[JsonDerivedType(typeof(ArtifactPut), "put")]
[JsonDerivedType(typeof(ArtifactsDeleted), "deleted")]
[JsonDerivedType(typeof(UploadBegun), "upload-begun")]
[JsonDerivedType(typeof(UploadEnded), "upload-ended")]
internal abstract record ArtifactDirectoryEvent;

internal sealed record ArtifactPut(string Path, BlobRef Blob) : ArtifactDirectoryEvent;

/// <summary>The file at the path, or everything below it; <c>""</c> is everything.</summary>
internal sealed record ArtifactsDeleted(string Path) : ArtifactDirectoryEvent;

internal sealed record UploadBegun(string UploadId, string Path, int Parts, string KeyDigest, DateTimeOffset Time) : ArtifactDirectoryEvent;

internal sealed record UploadEnded(string UploadId, bool IsComplete) : ArtifactDirectoryEvent;

/// <summary>Files in ordinal order of their paths; a directory is a common beginning and exists as long as a file has it.</summary>
[Immutable]
internal sealed class ArtifactDirectoryState
{
    public const int UploadsMax = 100;

    /// <summary>How long an upload may wait; its parts are removed about as early.</summary>
    private static readonly TimeSpan UploadAgeMax = TimeSpan.FromDays(1);

    public List<ArtifactPut> Files { get; init; } = [];

    /// <summary>Uploads that wait, and those completed lately, in the order they began.</summary>
    public List<Upload> Uploads { get; init; } = [];

    public BlobRef? Find(string path) => IndexOf(path) is >= 0 and var at ? Files[at].Blob : null;

    public ArtifactUpload? FindUpload(string uploadId, DateTimeOffset now) =>
        Uploads.Find(u => u.Begun.UploadId == uploadId && !IsOver(u, now)) is { Begun: var begun } upload
            ? new ArtifactUpload(begun.Path, begun.Parts, begun.KeyDigest, upload.IsComplete)
            : null;

    /// <summary>Whether an upload waits or was completed so lately that its caller may ask again.</summary>
    public bool HasUploads(DateTimeOffset now) => Uploads.Exists(u => !IsOver(u, now));

    public void CheckBegin(UploadBegun begun)
    {
        var waiting = Uploads.Count(u => !u.IsComplete && !IsOver(u, begun.Time));
        if (waiting >= UploadsMax)
        {
            throw MlopsException.Overloaded($"{waiting} uploads in parts wait at this artifact root; at most {UploadsMax}. Complete or abort some.");
        }
    }

    public void CheckPut(string path)
    {
        if (Files.Count >= TrackingLimits.FilesPerRootMax && IndexOf(path) < 0)
        {
            throw MlopsException.Invalid("path", $"The artifact root holds {Files.Count} files; at most {TrackingLimits.FilesPerRootMax}.");
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
            case UploadBegun begun:
                Uploads.RemoveAll(u => IsOver(u, begun.Time));
                Uploads.Add(new Upload(begun, IsComplete: false));
                break;
            case UploadEnded ended when Uploads.FindIndex(u => u.Begun.UploadId == ended.UploadId) is >= 0 and var upload:
                End(upload, ended.IsComplete);
                break;
            default:
                break;
        }
    }

    /// <summary>A completed upload is remembered for a while, because its caller may not have heard of it.</summary>
    private void End(int upload, bool isComplete)
    {
        if (!isComplete)
        {
            Uploads.RemoveAt(upload);
            return;
        }

        Uploads[upload] = Uploads[upload] with { IsComplete = true };
        if (Uploads.Count(u => u.IsComplete) > UploadsMax)
        {
            Uploads.RemoveAt(Uploads.FindIndex(u => u.IsComplete));
        }
    }

    private static bool IsOver(Upload upload, DateTimeOffset now) => now - upload.Begun.Time > UploadAgeMax;

    private (int Start, int Count) Below(string path)
    {
        if (path.Length == 0)
        {
            return (0, Files.Count);
        }

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

    public sealed record Upload(UploadBegun Begun, bool IsComplete);
}
