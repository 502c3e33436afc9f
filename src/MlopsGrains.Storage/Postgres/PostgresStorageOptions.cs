using Npgsql;

namespace MlopsGrains.Storage.Postgres;

/// <summary>A process of a cluster, as Orleans' membership table names it.</summary>
public sealed record ClusterMember(string Cluster, string Address, int Port, int Generation);

/// <summary>A PostgreSQL database and the limits of its writers.</summary>
public sealed class PostgresStorageOptions
{
    /// <summary>An Npgsql connection string. Required.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>Writers, each with a connection and the streams that hash to it, 1–64.</summary>
    public int Lanes { get; set; } = 4;

    /// <summary>Writes that may wait or be in commit in each lane, 1–1,000,000. More are refused with <see cref="Journals.JournalFullException"/>.</summary>
    public int QueueLengthMax { get; set; } = 2048;

    /// <summary>Bytes that may wait or be in commit in each lane, at least 1 MiB.</summary>
    public long QueueBytesMax { get; set; } = 16L * 1024 * 1024;

    /// <summary>Writes in one statement, 1–10,000.</summary>
    public int BatchLengthMax { get; set; } = 1024;

    /// <summary>Bytes in one statement, at least 64 KiB; one larger write is a statement of its own.</summary>
    public long BatchBytesMax { get; set; } = 8L * 1024 * 1024;

    /// <summary>How long a statement may take, 1 s–10 min.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a lane tries to reach the database again, and to learn what became of its last commit, before it tells its callers; 0–10 min.</summary>
    public TimeSpan RecoveryTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The member of an Orleans cluster that writes; the database then refuses what it writes once the others have declared it dead. Nobody by default.</summary>
    public ClusterMember? Member { get; set; }

    /// <summary>What is written down outside the database.</summary>
    public Marks.MarkOptions Marks { get; } = new();

    internal IEnumerable<string> Faults()
    {
        if (ConnectionStringFault() is { } fault)
        {
            yield return fault;
        }

        if (Lanes is < 1 or > 64)
        {
            yield return $"{nameof(Lanes)} must be 1 to 64, was {Lanes}";
        }

        if (QueueLengthMax is < 1 or > 1_000_000)
        {
            yield return $"{nameof(QueueLengthMax)} must be 1 to 1000000, was {QueueLengthMax}";
        }

        if (QueueBytesMax < 1 << 20)
        {
            yield return $"{nameof(QueueBytesMax)} must be at least 1048576, was {QueueBytesMax}";
        }

        if (BatchLengthMax is < 1 or > 10_000)
        {
            yield return $"{nameof(BatchLengthMax)} must be 1 to 10000, was {BatchLengthMax}";
        }

        if (BatchBytesMax < 1 << 16)
        {
            yield return $"{nameof(BatchBytesMax)} must be at least 65536, was {BatchBytesMax}";
        }

        if (CommandTimeout < TimeSpan.FromSeconds(1) || CommandTimeout > TimeSpan.FromMinutes(10))
        {
            yield return $"{nameof(CommandTimeout)} must be 1 s to 10 min, was {CommandTimeout}";
        }

        if (RecoveryTimeout < TimeSpan.Zero || RecoveryTimeout > TimeSpan.FromMinutes(10))
        {
            yield return $"{nameof(RecoveryTimeout)} must be 0 to 10 min, was {RecoveryTimeout}";
        }
    }

    // The text may hold a password, so no message repeats it.
    private string? ConnectionStringFault()
    {
        try
        {
            return string.IsNullOrWhiteSpace(new NpgsqlConnectionStringBuilder(ConnectionString).Host)
                ? $"{nameof(ConnectionString)} must name a Host"
                : null;
        }
        catch (ArgumentException exception)
        {
            return $"{nameof(ConnectionString)} cannot be read: {exception.Message}";
        }
    }
}
