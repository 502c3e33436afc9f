namespace MlopsGrains.Storage.Records;

/// <summary>Small keyed records with compare-and-set versions, written through the same group commit as the journal.</summary>
public interface IRecordStore
{
    /// <summary>The record, or <see langword="null"/> when it never existed. A cleared record keeps its version and has a <see langword="null"/> payload.</summary>
    Task<StoredRecord?> ReadAsync(string kind, string key, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores <paramref name="payload"/> (<see langword="null"/> clears it) when the stored version equals <paramref name="expectedVersion"/> (0: must be new).
    /// </summary>
    /// <returns>The new version (old + 1), or <see langword="null"/> when the stored version differs: nothing was written.</returns>
    /// <exception cref="Journals.JournalFullException">The queue is full; nothing was written.</exception>
    Task<long?> WriteAsync(string kind, string key, long expectedVersion, ReadOnlyMemory<byte>? payload, CancellationToken cancellationToken = default);
}

public sealed record StoredRecord(long Version, ReadOnlyMemory<byte>? Payload);
