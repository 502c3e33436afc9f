using System.Globalization;
using Microsoft.Extensions.Options;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Experiments;
using MlopsGrains.Grains.Governance;
using MlopsGrains.Storage.Blobs;
using Orleans.Runtime;

namespace MlopsGrains.Grains.Blobs;

/// <summary>Marks run apart from its turns and are begun anew when the activation goes; all else is written down before it is done.</summary>
[GrainType("blob-sweep")]
internal sealed class BlobSweepGrain(
    [PersistentState("blob-sweep", MlopsStorage.Documents)] IPersistentState<BlobSweepDocument> document,
    BlobSweeper sweeper,
    IOptions<RetentionOptions> options,
    TimeProvider time) : Grain, IBlobSweepGrain, IDisposable
{
    /// <summary>What the audit chain tells of a blob is no use of it.</summary>
    private const string AuditStreams = "audit-";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource stopping = new();
    private (DateTimeOffset Began, Task<BlobMark> Task)? marking;

    public async Task<BlobSweepStep> Sweep(bool dryRun, CancellationToken cancellationToken = default)
    {
        var isDue = marking is not null || document.State.IsDue(time.GetUtcNow(), options.Value.BlobGrace);
        if (dryRun || (document.State.Condemned.Length == 0 && !isDue))
        {
            return Told(0, 0, isUnfinished: false);
        }

        if (document.State.Condemned.Length == 0 && !await Mark())
        {
            return Told(0, 0, isUnfinished: true);
        }

        var batch = document.State.FirstCondemned(options.Value.BlobsPerStep);
        if (batch.Count == 0)
        {
            return Told(0, 0, isUnfinished: false);
        }

        var removed = await sweeper.RemoveAsync(batch, document.State.UntouchedSince, CancellationToken.None);
        if (removed.Count > 0)
        {
            await GrainFactory.Audit("retention.blobs-removed", "blobs", new Dictionary<string, string>
            {
                ["blobs"] = removed.Count.ToString(CultureInfo.InvariantCulture),
                ["bytes"] = removed.Bytes.ToString(CultureInfo.InvariantCulture),
                ["untouchedSince"] = document.State.UntouchedSince.ToString("O", CultureInfo.InvariantCulture),
            });
        }

        await Write(document.State.Removed(batch.Count));
        return Told(removed.Count, removed.Bytes, document.State.Condemned.Length > 0);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        stopping.Cancel();
        return Task.CompletedTask;
    }

    public void Dispose() => stopping.Dispose();

    /// <summary>Whether the mark ended.</summary>
    private async Task<bool> Mark()
    {
        if (marking is not { } running)
        {
            running = (time.GetUtcNow(), sweeper.MarkAsync(document.State.CandidateDigests(), document.State.Next, options.Value.BlobsPerMark, AuditStreams, stopping.Token));
            marking = running;
        }

        if (await Task.WhenAny(running.Task, Task.Delay(Patience)) != running.Task)
        {
            return false;
        }

        marking = null;
        await Write(document.State.Marked(await running.Task, running.Began));
        return true;
    }

    private BlobSweepStep Told(int removed, long bytes, bool isUnfinished) => new(removed, bytes, document.State.CandidateCount(), isUnfinished);

    private async Task Write(BlobSweepDocument next)
    {
        document.State = next;
        try
        {
            await document.WriteStateAsync();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }
}
