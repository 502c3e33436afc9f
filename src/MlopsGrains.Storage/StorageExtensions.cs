using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Records;

namespace MlopsGrains.Storage;

public static class StorageExtensions
{
    /// <summary>Appends however long it takes.</summary>
    public static Task<bool> AppendAsync(
        this IJournal journal, string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(journal);
        return journal.AppendAsync(stream, expectedVersion, entries, AppendOptions.Default, cancellationToken);
    }

    /// <summary>Deletes what nobody needs to be told of.</summary>
    public static Task DeleteStreamAsync(this IJournal journal, string stream, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(journal);
        return journal.DeleteStreamAsync(stream, [], cancellationToken);
    }

    /// <summary>Writes what nobody needs to be told of.</summary>
    public static Task<long?> WriteAsync(
        this IRecordStore records, string kind, string key, long expectedVersion, ReadOnlyMemory<byte>? payload, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        return records.WriteAsync(kind, key, expectedVersion, payload, [], cancellationToken);
    }
}
