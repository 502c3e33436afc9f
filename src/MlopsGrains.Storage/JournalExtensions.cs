using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage;

public static class JournalExtensions
{
    /// <summary>Appends however long it takes.</summary>
    public static Task<bool> AppendAsync(
        this IJournal journal, string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(journal);
        return journal.AppendAsync(stream, expectedVersion, entries, long.MaxValue, cancellationToken);
    }
}
