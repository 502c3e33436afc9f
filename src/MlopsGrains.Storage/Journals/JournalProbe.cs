namespace MlopsGrains.Storage.Journals;

/// <summary>Finds out whether a journal that failed takes writes again, when nobody else writes.</summary>
internal static class JournalProbe
{
    private const string Stream = "storage-probe";

    /// <summary>Appends to a stream of its own, which stays as short as it is.</summary>
    /// <exception cref="JournalUnavailableException">It does not.</exception>
    public static async Task WriteAsync(IJournal journal, CancellationToken cancellationToken)
    {
        var version = (await journal.ReadAsync(Stream, cancellationToken)).Version;
        if (await journal.AppendAsync(Stream, version, [new byte[1]], cancellationToken))
        {
            await journal.WriteSnapshotAsync(Stream, version + 1, new byte[1], cancellationToken: cancellationToken);
        }
    }
}
