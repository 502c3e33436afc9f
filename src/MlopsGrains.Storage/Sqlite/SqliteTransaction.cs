using Microsoft.Data.Sqlite;
using MlopsGrains.Storage.Damage;
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
    private readonly SqliteStatement putHead;
    private readonly SqliteStatement insertEntry;
    private readonly SqliteStatement previous;
    private readonly SqliteStatement deleteEntry;
    private readonly SqliteStatement snapshotVersion;
    private readonly SqliteStatement putSnapshot;
    private readonly SqliteStatement putChunk;
    private readonly SqliteStatement deleteChunks;
    private readonly SqliteStatement insertRecord;
    private readonly SqliteStatement updateRecord;
    private readonly SqliteStatement insertIntent;
    private readonly SqliteStatement deleteIntent;

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
            SELECT h.stream, h.version, h.entry, EXISTS (SELECT 1 FROM snapshot s WHERE s.stream = h.stream AND s.version = h.version AND s.payload IS NULL)
            FROM head h WHERE h.stream = (SELECT id FROM stream WHERE name = ?1)
            """);
        insertStream = new(connection, "INSERT INTO stream (name) VALUES (?1)");
        putHead = new(connection, "INSERT INTO head (stream, version, entry) VALUES (?1, ?2, ?3) ON CONFLICT (stream) DO UPDATE SET version = ?2, entry = ?3");
        insertEntry = new(connection, "INSERT INTO journal (stream, version, previous, payload, checksum) VALUES (?1, ?2, ?3, ?4, ?5)");
        previous = new(connection, "SELECT previous FROM journal WHERE id = ?1 AND stream = ?2 AND version = ?3");
        deleteEntry = new(connection, "DELETE FROM journal WHERE id = ?1");
        snapshotVersion = new(connection, "SELECT version FROM snapshot WHERE stream = ?1");
        putSnapshot = new(connection, "INSERT INTO snapshot (stream, version, payload, checksum) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (stream) DO UPDATE SET version = ?2, payload = ?3, checksum = ?4");
        putChunk = new(connection, "INSERT INTO chunk (stream, series, number, payload, checksum) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET payload = ?4, checksum = ?5");
        deleteChunks = new(connection, "DELETE FROM chunk WHERE stream = ?1");
        insertRecord = new(connection, "INSERT INTO record (kind, key, version, payload) VALUES (?1, ?2, 1, ?3) ON CONFLICT (kind, key) DO NOTHING");
        updateRecord = new(connection, "UPDATE record SET version = version + 1, payload = ?3 WHERE kind = ?1 AND key = ?2 AND version = ?4");
        insertIntent = new(connection, "INSERT INTO intent (payload) VALUES (?1)");
        deleteIntent = new(connection, "DELETE FROM intent WHERE id = ?1");
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
        foreach (var statement in (SqliteStatement[])[begin, commit, rollback, dataVersion, head, insertStream, putHead, insertEntry, previous, deleteEntry, snapshotVersion, putSnapshot, putChunk, deleteChunks, insertRecord, updateRecord, insertIntent, deleteIntent])
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

        var id = head.Id == 0 ? insertStream.Bind(1, append.Stream).Insert() : head.Id;
        var (version, entry) = (head.Version, head.Entry);
        insertEntry.Bind(1, id);
        for (var i = 0; i < append.Entries.Count; i++)
        {
            var payload = append.Entries[i];
            entry = insertEntry.Bind(2, ++version).Bind(3, entry).Bind(4, payload).Bind(5, Checksum.OfEntry(version, payload.Span)).Insert();
        }

        MoveHead(append.Stream, new(id, version, entry, Deleted: false));
        Keep(append.Intents);
        for (var i = 0; i < append.Delivered.Count; i++)
        {
            deleteIntent.Bind(1, append.Delivered[i]).Run();
        }

        return true;
    }

    private void Snapshot(SnapshotOperation snapshot)
    {
        var head = HeadOf(snapshot.Stream);
        if (head.Version < snapshot.Version)
        {
            snapshot.RefuseAsAhead(head.Version);
            return;
        }

        var before = SnapshotVersion(head.Id);
        if (snapshot.Version <= before)
        {
            return;
        }

        putSnapshot.Bind(1, head.Id).Bind(2, snapshot.Version).Bind(3, snapshot.Payload)
            .Bind(4, Checksum.OfSnapshot(snapshot.Stream, snapshot.Version, snapshot.Payload.Span)).Run();
        Truncate(head, before, snapshot.Version);
        putChunk.Bind(1, head.Id);
        foreach (var chunk in snapshot.Chunks)
        {
            putChunk.Bind(2, chunk.Series).Bind(3, chunk.Number).Bind(4, chunk.Payload)
                .Bind(5, Checksum.OfChunk(snapshot.Stream, chunk.Series, chunk.Number, chunk.Payload.Span)).Run();
        }
    }

    private void Delete(DeleteOperation delete)
    {
        var head = HeadOf(delete.Stream);
        if (head.Version == 0 || head.Deleted)
        {
            return;
        }

        Truncate(head, SnapshotVersion(head.Id), head.Version);
        putSnapshot.Bind(1, head.Id).Bind(2, head.Version + 1).BindNull(3).BindNull(4).Run();
        deleteChunks.Bind(1, head.Id).Run();
        MoveHead(delete.Stream, head with { Version = head.Version + 1, Deleted = true });
        delete.MovedTo = head.Version + 1;
        Keep(delete.Intents);
    }

    /// <summary>Removes the entries above <paramref name="after"/> and up to <paramref name="upTo"/>, walking back from the newest.</summary>
    private void Truncate(Head head, long after, long upTo)
    {
        var row = head.Entry;
        for (var version = head.Version; version > after; version--)
        {
            if (!previous.Bind(1, row).Bind(2, head.Id).Bind(3, version).Step())
            {
                // Damage. A reader who needs the missing entry says so; the others of this group commit must not suffer for it.
                return;
            }

            var next = previous.Int64(0);
            previous.Reset();
            if (version <= upTo)
            {
                deleteEntry.Bind(1, row).Run();
            }

            row = next;
        }
    }

    private long SnapshotVersion(long id)
    {
        var version = snapshotVersion.Bind(1, id).Step() ? snapshotVersion.Int64(0) : 0;
        snapshotVersion.Reset();
        return version;
    }

    private void MoveHead(string stream, Head head)
    {
        putHead.Bind(1, head.Id).Bind(2, head.Version).Bind(3, head.Entry).Run();
        heads[stream] = head;
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

        if (statement.Run() == 0)
        {
            return null;
        }

        Keep(record.Intents);
        return record.ExpectedVersion + 1;
    }

    private void Keep(IReadOnlyList<ReadOnlyMemory<byte>> intents)
    {
        for (var i = 0; i < intents.Count; i++)
        {
            insertIntent.Bind(1, intents[i]).Run();
        }
    }

    private Head HeadOf(string stream)
    {
        if (heads.TryGetValue(stream, out var known))
        {
            return known;
        }

        var stored = head.Bind(1, stream).Step() ? new Head(head.Int64(0), head.Int64(1), head.Int64(2), head.Int64(3) != 0) : default;
        head.Reset();
        if (heads.Count >= HeadsMax)
        {
            heads.Clear();
        }

        heads[stream] = stored;
        return stored;
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
    private readonly record struct Head(long Id, long Version, long Entry, bool Deleted);
}
