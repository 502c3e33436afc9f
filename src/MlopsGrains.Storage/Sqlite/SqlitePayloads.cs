using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Sqlite;

/// <summary>A page of everything: from which table and after which row the next one goes on; <see langword="null"/> at the end.</summary>
internal sealed record SqlitePayloads(IReadOnlyList<ReadOnlyMemory<byte>> Payloads, (int Table, long Row)? Next)
{
    private const int RowsMax = 1000;
    private const int BytesMax = 4 * 1024 * 1024;

    private const string NotExcepted = "NOT (name >= ?2 AND name <= ?3)";

    /// <summary>Entries move into snapshots and never back, hence this order. Rows keep their numbers when they change.</summary>
    private static readonly string[] Tables =
    [
        $"SELECT j.id, j.payload, name, version, checksum FROM journal j JOIN stream s ON s.id = j.stream WHERE j.id > ?1 AND {NotExcepted} ORDER BY j.id",
        $"SELECT p.stream, p.payload, name, version, checksum FROM snapshot p JOIN stream s ON s.id = p.stream WHERE p.stream > ?1 AND {NotExcepted} ORDER BY p.stream",
        "SELECT rowid, payload, kind || '/' || key, version, NULL FROM record WHERE rowid > ?1 AND ?2 <= ?3 ORDER BY rowid",
    ];

    public static SqlitePayloads Read(Microsoft.Data.Sqlite.SqliteConnection connection, (int Table, long Row) from, string except)
    {
        using var rows = new SqliteStatement(connection, Tables[from.Table]);
        rows.Bind(1, from.Row).Bind(2, except).Bind(3, except + JournalLimits.LastName);
        var payloads = new List<ReadOnlyMemory<byte>>();
        var bytes = 0L;
        while (rows.Step())
        {
            if (!rows.IsNull(1))
            {
                payloads.Add(rows.Blob(1));
                Check(from.Table, rows, payloads[^1].Span);
                bytes += payloads[^1].Length;
            }

            if (payloads.Count >= RowsMax || bytes >= BytesMax)
            {
                return new SqlitePayloads(payloads, (from.Table, rows.Int64(0)));
            }
        }

        return new SqlitePayloads(payloads, from.Table + 1 < Tables.Length ? (from.Table + 1, long.MinValue) : null);
    }

    private static void Check(int table, SqliteStatement row, ReadOnlySpan<byte> payload)
    {
        if (table == 2)
        {
            JournalGuard.Document(row.Text(2), payload);
        }
        else if (!row.IsNull(4) && table == 1)
        {
            JournalGuard.Snapshot(row.Text(2), row.Int64(3), payload, row.Int64(4));
        }
        else if (!row.IsNull(4))
        {
            JournalGuard.Entry(row.Text(2), row.Int64(3), payload, row.Int64(4));
        }
    }
}
