using Microsoft.Data.Sqlite;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Records;

namespace MlopsGrains.Storage.Sqlite;

/// <summary>One read connection and its statements. Used by one caller at a time.</summary>
internal sealed class SqliteReader : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly SqliteStatement begin;
    private readonly SqliteStatement commit;
    private readonly SqliteStatement snapshot;
    private readonly SqliteStatement head;
    private readonly SqliteStatement entry;
    private readonly SqliteStatement chunks;
    private readonly SqliteStatement record;
    private readonly SqliteStatement list;
    private SqliteStatement? intents;

    /// <param name="connection">Belongs to the reader from here on.</param>
    public SqliteReader(SqliteConnection connection)
    {
        this.connection = connection;
        begin = new(connection, "BEGIN");
        commit = new(connection, "COMMIT");
        snapshot = new(connection, "SELECT version, payload, checksum FROM snapshot WHERE stream = (SELECT id FROM stream WHERE name = ?1)");
        head = new(connection, "SELECT stream, version, entry FROM head WHERE stream = (SELECT id FROM stream WHERE name = ?1)");
        entry = new(connection, "SELECT previous, payload, checksum FROM journal WHERE id = ?1 AND stream = ?2 AND version = ?3");
        chunks = new(connection, "SELECT payload, number, checksum FROM chunk WHERE stream = (SELECT id FROM stream WHERE name = ?1) AND series = ?2 AND number >= ?3 ORDER BY number LIMIT ?4");
        record = new(connection, "SELECT version, payload FROM record WHERE kind = ?1 AND key = ?2");
        list = new(connection, """
            SELECT name FROM stream JOIN head h ON h.stream = id WHERE name >= ?1 AND name > ?2 AND name <= ?3
            AND NOT EXISTS (SELECT 1 FROM snapshot s WHERE s.stream = id AND s.version = h.version AND s.payload IS NULL)
            ORDER BY name LIMIT ?4
            """);
    }

    public JournalSlice ReadStream(string stream, bool aroundDamage)
    {
        // One read transaction: a truncation between the two reads would look like a hole.
        begin.Run();
        try
        {
            var snapshotVersion = 0L;
            ReadOnlyMemory<byte>? state = null;
            if (snapshot.Bind(1, stream).Step())
            {
                snapshotVersion = snapshot.Int64(0);
                state = snapshot.IsNull(1) ? (ReadOnlyMemory<byte>?)null : snapshot.Blob(1);
                if (state is { } payload && !snapshot.IsNull(2))
                {
                    JournalGuard.Snapshot(stream, snapshotVersion, payload.Span, snapshot.Int64(2));
                }
            }

            snapshot.Reset();
            var damaged = aroundDamage ? new Dictionary<long, StoredDamage>() : null;
            var entries = ReadEntries(stream, snapshotVersion, damaged);
            return damaged is { Count: > 0 } ? new JournalSlice(snapshotVersion, state, entries) { Damaged = damaged } : new JournalSlice(snapshotVersion, state, entries);
        }
        finally
        {
            commit.Run();
        }
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> ReadChunks(string stream, string series, long first, int limit)
    {
        var payloads = new List<ReadOnlyMemory<byte>>();
        chunks.Bind(1, stream).Bind(2, series).Bind(3, first).Bind(4, limit);
        while (chunks.Step())
        {
            payloads.Add(chunks.Blob(0));
            if (!chunks.IsNull(2))
            {
                JournalGuard.Chunk(stream, series, chunks.Int64(1), payloads[^1].Span, chunks.Int64(2));
            }
        }

        chunks.Reset();
        return payloads;
    }

    public StoredRecord? ReadRecord(string kind, string key)
    {
        try
        {
            return record.Bind(1, kind).Bind(2, key).Step()
                ? new StoredRecord(record.Int64(0), record.IsNull(1) ? (ReadOnlyMemory<byte>?)null : record.Blob(1))
                : null;
        }
        finally
        {
            record.Reset();
        }
    }

    public IReadOnlyList<string> ListStreams(string prefix, string? after, int limit)
    {
        var names = new List<string>();
        list.Bind(1, prefix).Bind(2, after ?? "").Bind(3, prefix + JournalLimits.LastName).Bind(4, limit);
        while (list.Step())
        {
            names.Add(list.Text(0));
        }

        list.Reset();
        return names;
    }

    public IReadOnlyList<Intent> ReadIntents(int limit)
    {
        // Made late: who only looks at a file may have one before him that nobody has opened since there are intents.
        intents ??= new(connection, "SELECT id, payload FROM intent ORDER BY id LIMIT ?1");
        var found = new List<Intent>();
        intents.Bind(1, limit);
        while (intents.Step())
        {
            found.Add(new Intent(intents.Int64(0), intents.Blob(1)));
        }

        intents.Reset();
        return found;
    }

    public long CountIntents()
    {
        using var count = new SqliteStatement(connection, "SELECT count(*) FROM intent");
        count.Step();
        return count.Int64(0);
    }

    public SqlitePayloads ReadPayloads((int Table, long Row) from, string except) => SqlitePayloads.Read(connection, from, except);

    public void Dispose()
    {
        foreach (var statement in (SqliteStatement[])[begin, commit, snapshot, head, entry, chunks, record, list])
        {
            statement.Dispose();
        }

        intents?.Dispose();
        connection.Dispose();
    }

    /// <summary>Walks from the newest entry back to the snapshot.</summary>
    private ReadOnlyMemory<byte>[] ReadEntries(string stream, long snapshotVersion, Dictionary<long, StoredDamage>? damaged)
    {
        var (id, version, row) = head.Bind(1, stream).Step() ? (head.Int64(0), head.Int64(1), head.Int64(2)) : default;
        head.Reset();
        JournalGuard.Ends(stream, version, snapshotVersion);
        var payloads = new ReadOnlyMemory<byte>[version - snapshotVersion];
        for (var i = payloads.Length - 1; i >= 0; i--, version--)
        {
            JournalGuard.Found(stream, version, entry.Bind(1, row).Bind(2, id).Bind(3, version).Step());
            row = entry.Int64(0);
            payloads[i] = entry.Blob(1);
            if (!entry.IsNull(2) && JournalGuard.DamageOfEntry(stream, version, payloads[i].Span, entry.Int64(2)) is { } damage)
            {
                (damaged ?? throw new StoredDamageException(damage)).Add(version, damage);
                payloads[i] = default;
            }

            entry.Reset();
        }

        return payloads;
    }
}
