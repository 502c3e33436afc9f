namespace MlopsGrains.Storage.Sqlite;

/// <summary>One SQLite file and the limits of its writer.</summary>
public sealed class SqliteStorageOptions
{
    /// <summary>The database file. Required.</summary>
    public string Path { get; set; } = "";

    /// <summary>Writes that may wait or be in commit, 1–1,000,000. More are refused with <see cref="Journals.JournalFullException"/>.</summary>
    public int QueueLengthMax { get; set; } = 8192;

    /// <summary>Bytes that may wait or be in commit, at least 1 MiB.</summary>
    public long QueueBytesMax { get; set; } = 64L * 1024 * 1024;

    /// <summary>Writes in one transaction, 1–100,000.</summary>
    public int BatchLengthMax { get; set; } = 4096;

    /// <summary>Bytes in one transaction, at least 64 KiB; one larger write is a transaction of its own.</summary>
    public long BatchBytesMax { get; set; } = 16L * 1024 * 1024;

    /// <summary>How long a commit waits for another process' lock, 1 ms–10 min.</summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Connections that serve reads, 1–64.</summary>
    public int ReadConnections { get; set; } = 4;

    /// <summary>What is written down outside the file.</summary>
    public Marks.MarkOptions Marks { get; } = new();

    /// <summary>Lets a test meet a full disk.</summary>
    internal long PagesMax { get; set; } = uint.MaxValue - 1;

    /// <summary>Called on the writer's thread after each commit: lets a benchmark meet a slower disk.</summary>
    internal Action? Committed { get; set; }

    internal IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(Path) || Path.Contains(":memory:", StringComparison.Ordinal))
        {
            yield return $"{nameof(Path)} must name a file, was \"{Path}\"";
        }

        if (QueueLengthMax is < 1 or > 1_000_000)
        {
            yield return $"{nameof(QueueLengthMax)} must be 1 to 1000000, was {QueueLengthMax}";
        }

        if (QueueBytesMax < 1 << 20)
        {
            yield return $"{nameof(QueueBytesMax)} must be at least 1048576, was {QueueBytesMax}";
        }

        if (BatchLengthMax is < 1 or > 100_000)
        {
            yield return $"{nameof(BatchLengthMax)} must be 1 to 100000, was {BatchLengthMax}";
        }

        if (BatchBytesMax < 1 << 16)
        {
            yield return $"{nameof(BatchBytesMax)} must be at least 65536, was {BatchBytesMax}";
        }

        if (BusyTimeout < TimeSpan.FromMilliseconds(1) || BusyTimeout > TimeSpan.FromMinutes(10))
        {
            yield return $"{nameof(BusyTimeout)} must be 1 ms to 10 min, was {BusyTimeout}";
        }

        if (ReadConnections is < 1 or > 64)
        {
            yield return $"{nameof(ReadConnections)} must be 1 to 64, was {ReadConnections}";
        }
    }
}
