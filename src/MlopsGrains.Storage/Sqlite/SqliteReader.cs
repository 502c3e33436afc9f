using Microsoft.Data.Sqlite;
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
    private readonly SqliteStatement entries;
    private readonly SqliteStatement record;
    private readonly SqliteStatement list;

    public SqliteReader(SqliteStorageOptions options)
    {
        connection = SqliteConnections.Open(options.Path, options.BusyTimeout, readOnly: true);
        begin = new(connection, "BEGIN");
        commit = new(connection, "COMMIT");
        snapshot = new(connection, "SELECT version, payload FROM snapshot WHERE stream = ?1");
        entries = new(connection, "SELECT version, payload FROM journal WHERE stream = ?1 AND version > ?2 ORDER BY version");
        record = new(connection, "SELECT version, payload FROM record WHERE kind = ?1 AND key = ?2");

        // Jumps from name to name by the index; SELECT DISTINCT would visit every entry.
        list = new(connection, """
            WITH RECURSIVE name (stream) AS (
              SELECT min(
                coalesce((SELECT min(stream) FROM journal WHERE stream >= ?1 AND stream > ?2), (SELECT min(stream) FROM snapshot WHERE stream >= ?1 AND stream > ?2)),
                coalesce((SELECT min(stream) FROM snapshot WHERE stream >= ?1 AND stream > ?2), (SELECT min(stream) FROM journal WHERE stream >= ?1 AND stream > ?2)))
              UNION ALL
              SELECT min(
                coalesce((SELECT min(j.stream) FROM journal j WHERE j.stream > name.stream), (SELECT min(s.stream) FROM snapshot s WHERE s.stream > name.stream)),
                coalesce((SELECT min(s.stream) FROM snapshot s WHERE s.stream > name.stream), (SELECT min(j.stream) FROM journal j WHERE j.stream > name.stream)))
              FROM name WHERE substr(name.stream, 1, length(?1)) = ?1)
            SELECT stream FROM name WHERE substr(stream, 1, length(?1)) = ?1 LIMIT ?3
            """);
    }

    public JournalSlice ReadStream(string stream)
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
                state = snapshot.Blob(1);
            }

            snapshot.Reset();
            return new JournalSlice(snapshotVersion, state, ReadEntries(stream, snapshotVersion));
        }
        finally
        {
            commit.Run();
        }
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
        list.Bind(1, prefix).Bind(2, after ?? "").Bind(3, limit);
        while (list.Step())
        {
            names.Add(list.Text(0));
        }

        list.Reset();
        return names;
    }

    public void Dispose()
    {
        foreach (var statement in (SqliteStatement[])[begin, commit, snapshot, entries, record, list])
        {
            statement.Dispose();
        }

        connection.Dispose();
    }

    private List<ReadOnlyMemory<byte>> ReadEntries(string stream, long snapshotVersion)
    {
        var payloads = new List<ReadOnlyMemory<byte>>();
        entries.Bind(1, stream).Bind(2, snapshotVersion);
        while (entries.Step())
        {
            JournalGuard.Follows(stream, snapshotVersion + payloads.Count, entries.Int64(0));
            payloads.Add(entries.Blob(1));
        }

        entries.Reset();
        return payloads;
    }
}
