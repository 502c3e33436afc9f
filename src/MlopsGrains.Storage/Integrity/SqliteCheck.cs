using Microsoft.Data.Sqlite;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Marks;
using MlopsGrains.Storage.Sqlite;
using SQLitePCL;

namespace MlopsGrains.Storage.Integrity;

/// <summary>Reads a whole database file. It leaves the write-ahead log where it is, also when nobody else has the file open: what is in it may be wanted as evidence.</summary>
internal sealed class SqliteCheck : IDisposable
{
    private const int FaultsMax = 20;

    private readonly string path;
    private readonly StorageTally tally;
    private readonly SqliteConnection connection;
    private readonly SqliteReader reader;

    private SqliteCheck(string path, StorageTally tally)
    {
        this.path = path;
        this.tally = tally;
        connection = KeepLog(SqliteConnections.Open(path, TimeSpan.FromSeconds(30), readOnly: true));
        try
        {
            if (Texts("SELECT name FROM pragma_table_info('journal') WHERE name = 'checksum'").Count == 0)
            {
                throw new StorageRefusedException($"{path} is not a database that this program or one like it has opened; start the server on it once.");
            }

            reader = new SqliteReader(KeepLog(SqliteConnections.Open(path, TimeSpan.FromSeconds(30), readOnly: true)));
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        Marked = new SqliteMarkedStore(connection, path);
    }

    public IMarkedStore Marked { get; }

    public static SqliteCheck Open(string path, StorageTally tally)
    {
        if (!File.Exists(path))
        {
            throw new StorageRefusedException($"There is no database {path}.");
        }

        if (File.Exists(path + "-wal") && WalScan.FindDamage(path + "-wal") is { } frame)
        {
            tally.Damage.Report(new StoredDamage("database", Path.GetFileName(path) + "-wal", $"frame {frame}", "it is not what was written, and whole transactions follow it, which SQLite drops"));
        }

        try
        {
            return new SqliteCheck(path, tally);
        }
        catch (SqliteException e) when (SqliteDamage.Is(e))
        {
            throw new StorageRefusedException($"{path} cannot be opened as a database ({e.Message}). Restore a backup (storage restore).");
        }
    }

    public void Run(CancellationToken cancellationToken)
    {
        Try("its pages", () =>
        {
            foreach (var fault in Texts($"PRAGMA integrity_check({FaultsMax})").Where(fault => fault != "ok"))
            {
                tally.Damage.Report(new StoredDamage("database", Path.GetFileName(path), fault, "its pages do not fit together"));
            }
        });
        Try("the names of its streams", () =>
        {
            foreach (var stream in Texts("SELECT name FROM stream ORDER BY name"))
            {
                cancellationToken.ThrowIfCancellationRequested();
                Try(stream, () => ReadStream(stream));
            }
        });
        Try("its chunks", () => ReadChunks(cancellationToken));
        Try("its documents", () => ReadRecords(cancellationToken));
        Try("its intents", () => ReadIntents(cancellationToken));
        Try("checksums", () => tally.WithoutChecksum += Count("SELECT (SELECT count(*) FROM journal WHERE checksum IS NULL) + (SELECT count(*) FROM snapshot WHERE checksum IS NULL AND payload IS NOT NULL)"));
    }

    public void Dispose()
    {
        reader.Dispose();
        connection.Dispose();
    }

    private static SqliteConnection KeepLog(SqliteConnection connection)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_db_config(connection.Handle, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _), connection.Handle);
        return connection;
    }

    private void Try(string what, Action read)
    {
        try
        {
            tally.Try(read);
        }
        catch (SqliteException e) when (SqliteDamage.Is(e))
        {
            tally.Damage.Report(SqliteDamage.Of(path, what, e));
        }
    }

    private void ReadStream(string stream)
    {
        tally.Streams++;
        var slice = reader.ReadStream(stream, aroundDamage: true);
        tally.Entries += slice.Entries.Count + (slice.Snapshot is null ? 0 : 1);
        tally.Damage.Report(slice.Damaged.Values);
    }

    private void ReadChunks(CancellationToken cancellationToken)
    {
        using var rows = new SqliteStatement(connection, "SELECT s.name, c.series, c.number, c.payload, c.checksum FROM chunk c JOIN stream s ON s.id = c.stream");
        while (rows.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            tally.Chunks++;
            if (rows.IsNull(4))
            {
                tally.WithoutChecksum++;
            }
            else
            {
                tally.Try(() => JournalGuard.Chunk(rows.Text(0), rows.Text(1), rows.Int64(2), rows.Blob(3), rows.Int64(4)));
            }
        }
    }

    private void ReadRecords(CancellationToken cancellationToken)
    {
        using var rows = new SqliteStatement(connection, "SELECT kind || '/' || key, payload FROM record WHERE payload IS NOT NULL");
        while (rows.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            tally.Document(rows.Text(0), rows.Blob(1));
        }
    }

    private void ReadIntents(CancellationToken cancellationToken)
    {
        if (Count("SELECT count(*) FROM sqlite_master WHERE name = 'intent'") == 0)
        {
            return;
        }

        using var rows = new SqliteStatement(connection, "SELECT id, payload FROM intent");
        while (rows.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            tally.Intent(rows.Int64(0), rows.Blob(1));
        }
    }

    private List<string> Texts(string sql)
    {
        using var rows = new SqliteStatement(connection, sql);
        var texts = new List<string>();
        while (rows.Step())
        {
            texts.Add(rows.Text(0));
        }

        return texts;
    }

    private long Count(string sql)
    {
        using var row = new SqliteStatement(connection, sql);
        return row.Step() ? row.Int64(0) : 0;
    }
}
