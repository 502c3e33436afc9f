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
    private readonly SqliteStatement insertEntry;
    private readonly SqliteStatement putSnapshot;
    private readonly SqliteStatement truncate;
    private readonly SqliteStatement insertRecord;
    private readonly SqliteStatement updateRecord;

    // Versions of the streams this writer touched lately. Another process' commit shows in data_version and empties it.
    private readonly Dictionary<string, long> heads = new(StringComparer.Ordinal);
    private long seenDataVersion = -1;

    public SqliteTransaction(SqliteConnection connection)
    {
        this.connection = connection;
        begin = new(connection, "BEGIN IMMEDIATE");
        commit = new(connection, "COMMIT");
        rollback = new(connection, "ROLLBACK");
        dataVersion = new(connection, "PRAGMA data_version");
        head = new(connection, "SELECT max(coalesce((SELECT max(version) FROM journal WHERE stream = ?1), 0), coalesce((SELECT version FROM snapshot WHERE stream = ?1), 0))");
        insertEntry = new(connection, "INSERT INTO journal (stream, version, payload) VALUES (?1, ?2, ?3)");
        putSnapshot = new(connection, "INSERT INTO snapshot (stream, version, payload) VALUES (?1, ?2, ?3) ON CONFLICT (stream) DO UPDATE SET version = ?2, payload = ?3 WHERE version < ?2");
        truncate = new(connection, "DELETE FROM journal WHERE stream = ?1 AND version <= ?2");
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
        foreach (var statement in (SqliteStatement[])[begin, commit, rollback, dataVersion, head, insertEntry, putSnapshot, truncate, insertRecord, updateRecord])
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
            case RecordOperation record:
                record.Outcome = Write(record);
                break;
            default:
                throw new InvalidOperationException($"no rule for {operation.GetType().Name}");
        }
    }

    private bool Append(AppendOperation append)
    {
        if (Head(append.Stream) != append.ExpectedVersion)
        {
            return false;
        }

        insertEntry.Bind(1, append.Stream);
        for (var i = 0; i < append.Entries.Count; i++)
        {
            insertEntry.Bind(2, append.ExpectedVersion + 1 + i).Bind(3, append.Entries[i]).Run();
        }

        heads[append.Stream] = append.ExpectedVersion + append.Entries.Count;
        return true;
    }

    private void Snapshot(SnapshotOperation snapshot)
    {
        var stored = Head(snapshot.Stream);
        if (stored < snapshot.Version)
        {
            snapshot.RefuseAsAhead(stored);
        }
        else if (putSnapshot.Bind(1, snapshot.Stream).Bind(2, snapshot.Version).Bind(3, snapshot.Payload).Run() > 0)
        {
            truncate.Bind(1, snapshot.Stream).Bind(2, snapshot.Version).Run();
        }
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

    private long Head(string stream)
    {
        if (heads.TryGetValue(stream, out var version))
        {
            return version;
        }

        head.Bind(1, stream).Step();
        version = head.Int64(0);
        head.Reset();
        if (heads.Count >= HeadsMax)
        {
            heads.Clear();
        }

        heads[stream] = version;
        return version;
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
}
