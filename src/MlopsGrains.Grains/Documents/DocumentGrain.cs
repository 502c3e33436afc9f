namespace MlopsGrains.Grains.Documents;

/// <summary>
/// A grain whose state is one document, changed in memory and then written whole; the twin of <see cref="Journaling.JournalGrain{TState, TEvent}"/>. A write that throws leaves nobody
/// knowing what is stored, so the activation goes away with what it has in memory, and the next call reads afresh.
/// </summary>
internal abstract class DocumentGrain<TDocument>(IPersistentState<TDocument> storage) : Grain
    where TDocument : class, new()
{
    /// <summary>As it is in memory: what was read or last written, and changes that a turn has made since.</summary>
    protected TDocument Document => storage.State;

    /// <summary>Writes another document in this one's place.</summary>
    protected Task Write(TDocument next)
    {
        storage.State = next;
        return Write();
    }

    /// <summary>Writes the document as it is in memory.</summary>
    /// <param name="before">What others must know first; when it throws, nothing is written.</param>
    protected async Task Write(Func<Task>? before = null)
    {
        try
        {
            await (before?.Invoke() ?? Task.CompletedTask);
            await storage.WriteStateAsync(CancellationToken.None);
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }

    /// <summary>Removes what is stored.</summary>
    protected Task Clear() => storage.ClearStateAsync(CancellationToken.None);
}
