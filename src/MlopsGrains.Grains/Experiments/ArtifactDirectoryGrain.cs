using System.Globalization;
using MlopsGrains.Blobs;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Governance;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Identity;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Experiments;

/// <summary>Names of the files below one artifact root. The bytes lie in the blob store.</summary>
[GrainType("artifact-directory")]
internal sealed class ArtifactDirectoryGrain(IJournal journal)
    : JournalGrain<ArtifactDirectoryState, ArtifactDirectoryEvent>(journal, new JsonJournalCodec<ArtifactDirectoryState, ArtifactDirectoryEvent>()), IArtifactDirectoryGrain
{
    public async Task Put(string path, BlobRef blob, CancellationToken cancellationToken = default)
    {
        ArtifactPath.CheckRelative("path", path);
        ArgumentNullException.ThrowIfNull(blob);
        Names.CheckDigest("blob.digest", blob.Digest);
        State.CheckPut(path);
        if (State.Find(path) == blob)
        {
            return;
        }

        await Record(new ArtifactPut(path, blob));
        await Audit("artifact.stored", new() { ["path"] = path, ["digest"] = blob.Digest, ["bytes"] = blob.Length.ToString(CultureInfo.InvariantCulture) });
    }

    public Task<BlobRef?> Find(string path, CancellationToken cancellationToken = default) => Task.FromResult(State.Find(path));

    public Task<IReadOnlyList<ArtifactEntry>> List(string path, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<ArtifactEntry>>(State.List(path.Length == 0 ? path : ArtifactPath.CheckRelative("path", path)));

    public async Task<int> Delete(string path, CancellationToken cancellationToken = default)
    {
        ArtifactPath.CheckRelative("path", path);
        var count = State.CountAt(path);
        if (count > 0)
        {
            await Record(new ArtifactsDeleted(path));
            await Audit("artifact.deleted", new() { ["path"] = path, ["files"] = count.ToString(CultureInfo.InvariantCulture) });
        }

        return count;
    }

    protected override void Apply(ArtifactDirectoryState state, ArtifactDirectoryEvent e) => state.Apply(e);

    private Task Audit(string action, Dictionary<string, string> detail) =>
        GrainFactory.Audit(action, $"artifacts/{this.GetPrimaryKeyString()}", detail);
}
