namespace MlopsGrains.Storage.Records;

/// <summary>Small keyed records with compare-and-set versions, written through the same group commit as the journal.</summary>
public interface IRecordStore
{
    /// <summary>The record, or <see langword="null"/> when it never existed. A cleared record keeps its version and has a <see langword="null"/> payload.</summary>
    Task<StoredRecord?> ReadAsync(string kind, string key, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores <paramref name="payload"/> (<see langword="null"/> clears it) when the stored version equals <paramref name="expectedVersion"/> (0: must be new).
    /// </summary>
    /// <param name="kind">1–512 characters.</param>
    /// <param name="key">1–512 characters.</param>
    /// <param name="expectedVersion">The version the caller has read.</param>
    /// <param name="payload">At most <see cref="RecordLimits.PayloadBytesMax"/> bytes; must not change until the task ends.</param>
    /// <param name="intents">What the change has yet to tell others, kept in the same transaction (<see cref="Journals.Intent"/>).</param>
    /// <param name="cancellationToken">Withdraws a write that is still waiting in the queue.</param>
    /// <returns>The new version (old + 1), or <see langword="null"/> when the stored version differs: nothing was written.</returns>
    /// <exception cref="Journals.JournalFullException">The queue is full; nothing was written.</exception>
    Task<long?> WriteAsync(
        string kind, string key, long expectedVersion, ReadOnlyMemory<byte>? payload, IReadOnlyList<ReadOnlyMemory<byte>> intents, CancellationToken cancellationToken = default);
}

public sealed record StoredRecord(long Version, ReadOnlyMemory<byte>? Payload);

public static class RecordLimits
{
    public const int PayloadBytesMax = 32 * 1024 * 1024;
}
