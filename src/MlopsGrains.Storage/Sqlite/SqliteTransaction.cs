using Microsoft.Data.Sqlite;
using MlopsGrains.Storage.Writing;

namespace MlopsGrains.Storage.Sqlite;

/// <summary>
/// The writer's connection: applies operations inside one transaction at a time. Each operation meets the fence alone, so a loser writes
/// nothing and the others of its batch are kept.
/// </summary>
internal sealed class SqliteTransaction : IDisposable
{
    private const int HeadsMax = 100_000;

    private readonly SqliteConnection connection;
    private readonly SqliteStatement begin;
    private readonly SqliteStatement commit;
    private readonly SqliteStatement rollback;
    private readonly SqliteStatement dataVersion;
    private readonly SqliteStatement head;
    private readonly SqliteStatement insertStream;
    private readonly SqliteStatement insertEntry;
    private readonly SqliteStatement putSnapshot;
    private readonly SqliteStatement truncate;
    private readonly SqliteStatement putChunk;
    private readonly SqliteStatement bury;
    private readonly SqliteStatement deleteChunks;
    private readonly SqliteStatement insertRecord;
    private readonly SqliteStatement updateRecord;

    // Versions of the streams this writer touched lately. Another process' commit shows in data_version and empties it.
    private readonly Dictionary<string, Head> heads = new(StringComparer.Ordinal);
    private long seenDataVersion = -1;

    public SqliteTransaction(SqliteConnection connection)
    {
        this.connection = connection;
        begin = new(connection, "BEGIN IMMEDIATE");
        commit = new(connection, "COMMIT");
        rollback = new(connection, "ROLLBACK");
        dataVersion = new(connection, "PRAGMA data_version");
        head = new(connection, """
            SELECT id, max(coalesce(entry, 0), coalesce(s.version, 0)), entry IS NULL AND s.payload IS NULL
            FROM (SELECT id, (SELECT max(version) FROM journal WHERE stream = id) AS entry FROM stream WHERE name = ?1) LEFT JOIN snapshot s ON s.stream = id
            """);
        insertStream = new(connection, "INSERT INTO stream (name) VALUES (?1) RETURNING id");
        insertEntry = new(connection, "INSERT INTO journal (stream, version, payload) VALUES (?1, ?2, ?3)");
        putSnapshot = new(connection, "INSERT INTO snapshot (stream, version, payload) VALUES (?1, ?2, ?3) ON CONFLICT (stream) DO UPDATE SET version = ?2, payload = ?3 WHERE version < ?2");
        truncate = new(connection, "DELETE FROM journal WHERE stream = ?1 AND version <= ?2");
        putChunk = new(connection, "INSERT INTO chunk (stream, series, number, payload) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET payload = ?4");
        bury = new(connection, "INSERT INTO snapshot (stream, version, payload) VALUES (?1, ?2, NULL) ON CONFLICT (stream) DO UPDATE SET version = ?2, payload = NULL");
        deleteChunks = new(connection, "DELETE FROM chunk WHERE stream = ?1");
        insertRecord = new(connection, "INSERT INTO record (kind, key, version, payload) VALUES (?1, ?2, 1, ?3) ON CONFLICT (kind, key) DO NOTHING");
        updateRecord = new(connection, "UPDATE record SET version = version + 1, payload = ?3 WHERE kind = ?1 AND key = ?2 AND version = ?4");
    }

    /// <summary>Commits all operations together; when it throws none is stored.</summary>
    public void Commit(List<WriteOperation> operations)
    {
        begin.Run();
        try
        {
            ForgetHeadsOfOthers();
            foreach (var operation in operations)
            {
                Apply(operation);
            }

            commit.Run();
        }
        catch
        {
            heads.Clear();
            RollBack();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var statement in (SqliteStatement[])[begin, commit, rollback, dataVersion, head, insertStream, insertEntry, putSnapshot, truncate, putChunk, bury, deleteChunks, insertRecord, updateRecord])
        {
            statement.Dispose();
        }

        connection.Dispose();
    }

    private void Apply(WriteOperation operation)
    {
        switch (operation)
        {
            case AppendOperation append:
                append.Outcome = Append(append);
                break;
            case SnapshotOperation snapshot:
                Snapshot(snapshot);
                break;
            case DeleteOperation delete:
                Delete(delete);
                break;
            case RecordOperation record:
                record.Outcome = Write(record);
                break;
            default:
                throw new InvalidOperationException($"no rule for {operation.GetType().Name}");
        }
    }

    private bool Append(AppendOperation append)
    {
        var head = HeadOf(append.Stream);
        if (head.Version != append.ExpectedVersion)
        {
            return false;
        }

        var id = head.Id == 0 ? Create(append.Stream) : head.Id;
        insertEntry.Bind(1, id);
        for (var i = 0; i < append.Entries.Count; i++)
        {
            insertEntry.Bind(2, append.ExpectedVersion + 1 + i).Bind(3, append.Entries[i]).Run();
        }

        heads[append.Stream] = new(id, append.ExpectedVersion + append.Entries.Count, Deleted: false);
        return true;
    }

    private void Snapshot(SnapshotOperation snapshot)
    {
        var head = HeadOf(snapshot.Stream);
        if (head.Version < snapshot.Version)
        {
            snapshot.RefuseAsAhead(head.Version);
        }
        else if (putSnapshot.Bind(1, head.Id).Bind(2, snapshot.Version).Bind(3, snapshot.Payload).Run() > 0)
        {
            truncate.Bind(1, head.Id).Bind(2, snapshot.Version).Run();
            putChunk.Bind(1, head.Id);
            foreach (var chunk in snapshot.Chunks)
            {
                putChunk.Bind(2, chunk.Series).Bind(3, chunk.Number).Bind(4, chunk.Payload).Run();
            }
        }
    }

    private void Delete(DeleteOperation delete)
    {
        var head = HeadOf(delete.Stream);
        if (head.Version == 0 || head.Deleted)
        {
            return;
        }

        bury.Bind(1, head.Id).Bind(2, head.Version + 1).Run();
        truncate.Bind(1, head.Id).Bind(2, head.Version).Run();
        deleteChunks.Bind(1, head.Id).Run();
        heads[delete.Stream] = new(head.Id, head.Version + 1, Deleted: true);
    }

    private long? Write(RecordOperation record)
    {
        var statement = record.ExpectedVersion == 0 ? insertRecord : updateRecord.Bind(4, record.ExpectedVersion);
        statement.Bind(1, record.Kind).Bind(2, record.Key);
        if (record.Payload is { } payload)
        {
            statement.Bind(3, payload);
        }
        else
        {
            statement.BindNull(3);
        }

        return statement.Run() > 0 ? record.ExpectedVersion + 1 : null;
    }

    private Head HeadOf(string stream)
    {
        if (heads.TryGetValue(stream, out var known))
        {
            return known;
        }

        var stored = head.Bind(1, stream).Step() ? new Head(head.Int64(0), head.Int64(1), head.Int64(2) != 0) : default;
        head.Reset();
        if (heads.Count >= HeadsMax)
        {
            heads.Clear();
        }

        heads[stream] = stored;
        return stored;
    }

    private long Create(string stream)
    {
        insertStream.Bind(1, stream).Step();
        var id = insertStream.Int64(0);
        insertStream.Reset();
        return id;
    }

    private void ForgetHeadsOfOthers()
    {
        dataVersion.Step();
        var now = dataVersion.Int64(0);
        dataVersion.Reset();
        if (now != seenDataVersion)
        {
            heads.Clear();
            seenDataVersion = now;
        }
    }

    private void RollBack()
    {
        try
        {
            rollback.Run();
        }
        catch (SqliteException)
        {
            // A full disk or an I/O error rolls back by itself; then there is nothing left to roll back.
        }
    }

    /// <summary>Id 0: the stream was never written.</summary>
    private readonly record struct Head(long Id, long Version, bool Deleted);
}
