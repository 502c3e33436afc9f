using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Intents;

namespace MlopsGrains.Grains.Documents;

/// <summary>
/// A grain whose state is one document, changed in memory and then written whole; the twin of <see cref="Journaling.JournalGrain{TState, TEvent}"/>. A write that throws leaves nobody
/// knowing what is stored, so the activation goes away with what it has in memory, and the next call reads afresh.
/// </summary>
internal abstract class DocumentGrain<TDocument>(IPersistentState<TDocument> storage) : Grain
    where TDocument : StoredDocument, new()
{
    /// <summary>As it is in memory: what was read or last written, and changes that a turn has made since.</summary>
    protected TDocument Document => storage.State;

    /// <summary>Writes another document in this one's place.</summary>
    protected Task Write(TDocument next, params IReadOnlyList<AuditEntry> audit)
    {
        storage.State = next;
        return Write(audit);
    }

    /// <summary>Writes the document as it is in memory.</summary>
    protected Task Write(params IReadOnlyList<AuditEntry> audit) => Write(before: null, audit);

    /// <summary>Writes the document as it is in memory.</summary>
    /// <param name="before">What others must know first; when it throws, nothing is written.</param>
    /// <param name="audit">What the audit chain hears of it: stored with the document, so never lost, and told once.</param>
    protected async Task Write(Func<Task>? before, params IReadOnlyList<AuditEntry> audit)
    {
        var delivery = ServiceProvider.GetRequiredService<IntentDelivery>();
        try
        {
            storage.State.AuditIntents = audit.Count == 0 ? null : delivery.Encode(audit);
            await (before?.Invoke() ?? Task.CompletedTask);
            await storage.WriteStateAsync(CancellationToken.None);
            storage.State.AuditIntents = null;
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }

        await delivery.Deliver(audit);
    }

    /// <summary>Removes what is stored.</summary>
    protected Task Clear() => storage.ClearStateAsync(CancellationToken.None);
}
