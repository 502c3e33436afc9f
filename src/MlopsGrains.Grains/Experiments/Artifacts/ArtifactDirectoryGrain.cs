using System.Globalization;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Identity;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Experiments.Artifacts;

/// <summary>Names of the files below one artifact root. The bytes lie in the blob store.</summary>
[GrainType("artifact-directory")]
internal sealed class ArtifactDirectoryGrain(IJournal journal, TimeProvider time)
    : JournalGrain<ArtifactDirectoryState, ArtifactDirectoryEvent>(journal, new JsonJournalCodec<ArtifactDirectoryState, ArtifactDirectoryEvent>()), IArtifactDirectoryGrain
{
    public Task Put(string path, BlobRef blob, CancellationToken cancellationToken = default)
    {
        CheckPut(path, blob);
        return State.Find(path) == blob ? Task.CompletedTask : Store(path, blob);
    }

    public Task<BlobRef?> Find(string path, CancellationToken cancellationToken = default) => Task.FromResult(State.Find(path));

    public Task<IReadOnlyList<ArtifactEntry>> List(string path, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<ArtifactEntry>>(State.List(CheckDirectory(path)));

    public async Task<IReadOnlyList<string>> Roots(string path, string? after, CancellationToken cancellationToken = default)
    {
        var type = Stream[..(Stream.IndexOf('/', StringComparison.Ordinal) + 1)];
        var prefix = $"{Stream}/{(CheckDirectory(path) is { Length: > 0 } below ? below + "/" : "")}";
        var streams = await ListStreams(prefix, after is null ? null : type + after, IArtifactDirectoryGrain.RootsPerPage, cancellationToken);
        return [.. streams.Select(s => s[type.Length..])];
    }

    public async Task<int> Delete(string path, CancellationToken cancellationToken = default)
    {
        var count = State.CountAt(CheckDirectory(path));
        if (count == 0)
        {
            return 0;
        }

        var told = Told("artifact.deleted", new() { ["path"] = path, ["files"] = count.ToString(CultureInfo.InvariantCulture) });
        await (count == State.Files.Count && !State.HasUploads(time.GetUtcNow()) ? DeleteStored(told) : Record(new ArtifactsDeleted(path), told));
        return count;
    }

    public async Task<int> Purge(CancellationToken cancellationToken = default)
    {
        var files = State.Files.Count;
        await DeleteStored();
        DeactivateOnIdle();
        return files;
    }

    public Task BeginUpload(string uploadId, ArtifactUpload upload, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(upload);
        ArtifactPath.CheckRelative("path", upload.Path);
        State.CheckPut(upload.Path);
        var begun = new UploadBegun(uploadId, upload.Path, upload.Parts, upload.KeyDigest, time.GetUtcNow());
        State.CheckBegin(begun);
        return Record(begun);
    }

    public Task<ArtifactUpload?> FindUpload(string uploadId, CancellationToken cancellationToken = default) =>
        Task.FromResult(State.FindUpload(uploadId, time.GetUtcNow()));

    public async Task CompleteUpload(string uploadId, BlobRef blob, CancellationToken cancellationToken = default)
    {
        var upload = State.FindUpload(uploadId, time.GetUtcNow()) ?? throw MlopsException.NotFound("Upload", uploadId);
        if (!upload.IsComplete)
        {
            CheckPut(upload.Path, blob);
            await Store(upload.Path, blob, new UploadEnded(uploadId, IsComplete: true));
        }
    }

    public Task AbortUpload(string uploadId, CancellationToken cancellationToken = default) =>
        State.FindUpload(uploadId, time.GetUtcNow()) is { IsComplete: false } ? Record(new UploadEnded(uploadId, IsComplete: false)) : Task.CompletedTask;

    protected override void Apply(ArtifactDirectoryState state, ArtifactDirectoryEvent e) => state.Apply(e);

    private static string CheckDirectory(string path) => path.Length == 0 ? path : ArtifactPath.CheckRelative("path", path);

    private void CheckPut(string path, BlobRef blob)
    {
        ArtifactPath.CheckRelative("path", path);
        ArgumentNullException.ThrowIfNull(blob);
        Names.CheckDigest("blob.digest", blob.Digest);
        State.CheckPut(path);
    }

    private Task Store(string path, BlobRef blob, params ArtifactDirectoryEvent[] more) => Record(
        [new ArtifactPut(path, blob), .. more],
        Told("artifact.stored", new() { ["path"] = path, ["digest"] = blob.Digest, ["bytes"] = blob.Length.ToString(CultureInfo.InvariantCulture) }));

    private AuditEntry Told(string action, Dictionary<string, string> detail) => new(action, $"artifacts/{this.GetPrimaryKeyString()}", detail);
}
