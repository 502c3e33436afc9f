using System.Globalization;
using Microsoft.Extensions.Options;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Storage.Blobs;

namespace MlopsGrains.Grains.Blobs;

/// <summary>Marks run apart from its turns and are begun anew when the activation goes; all else is written down before it is done.</summary>
[GrainType("blob-sweep")]
internal sealed class BlobSweepGrain(
    [PersistentState("blob-sweep", MlopsStorage.Documents)] IPersistentState<BlobSweepDocument> document,
    BlobSweeper sweeper,
    LongWait waits,
    IOptions<RetentionOptions> options,
    TimeProvider time) : DocumentGrain<BlobSweepDocument>(document), IBlobSweepGrain, IDisposable
{
    /// <summary>What the audit chain tells of a blob is no use of it.</summary>
    private const string AuditStreams = "audit-";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource stopping = new();
    private (DateTimeOffset Began, Task<BlobMark> Task)? marking;

    public async Task<BlobSweepStep> Sweep(bool dryRun, CancellationToken cancellationToken = default)
    {
        var isDue = marking is not null || Document.IsDue(time.GetUtcNow(), options.Value.BlobGrace);
        if (dryRun || (Document.Condemned.Length == 0 && !isDue))
        {
            return Told(0, 0, isUnfinished: false);
        }

        if (Document.Condemned.Length == 0 && !await Mark(cancellationToken))
        {
            return Told(0, 0, isUnfinished: true);
        }

        var batch = Document.FirstCondemned(options.Value.BlobsPerStep);
        if (batch.Count == 0)
        {
            return Told(0, 0, isUnfinished: false);
        }

        var removed = await sweeper.RemoveAsync(batch, Document.UntouchedSince, CancellationToken.None);
        var told = new AuditEntry("retention.blobs-removed", "blobs", new Dictionary<string, string>
        {
            ["blobs"] = removed.Count.ToString(CultureInfo.InvariantCulture),
            ["bytes"] = removed.Bytes.ToString(CultureInfo.InvariantCulture),
            ["untouchedSince"] = Document.UntouchedSince.ToString("O", CultureInfo.InvariantCulture),
        });
        await Write(Document.Removed(batch.Count), removed.Count > 0 ? [told] : []);
        return Told(removed.Count, removed.Bytes, Document.Condemned.Length > 0);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        stopping.Cancel();
        return Task.CompletedTask;
    }

    public void Dispose() => stopping.Dispose();

    /// <summary>Whether the mark ended.</summary>
    private async Task<bool> Mark(CancellationToken cancellationToken)
    {
        if (marking is not { } running)
        {
            running = (time.GetUtcNow(), sweeper.MarkAsync(Document.CandidateDigests(), Document.Next, options.Value.BlobsPerMark, AuditStreams, stopping.Token));
            marking = running;
        }

        await waits.ForAsync(running.Task, Patience, cancellationToken);
        if (!running.Task.IsCompleted)
        {
            return false;
        }

        marking = null;
        await Write(Document.Marked(await running.Task, running.Began));
        return true;
    }

    private BlobSweepStep Told(int removed, long bytes, bool isUnfinished) => new(removed, bytes, Document.CandidateCount(), isUnfinished);
}
