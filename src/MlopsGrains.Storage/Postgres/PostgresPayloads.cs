using System.Runtime.CompilerServices;
using MlopsGrains.Storage.Journals;
using Npgsql;

namespace MlopsGrains.Storage.Postgres;

/// <summary>Everything in the order of keys, a page a statement; rows arrive one by one.</summary>
internal static class PostgresPayloads
{
    private const int PageRows = 500;

    private static readonly string JournalSql = $"""
        SELECT payload, 'number ' || stream, version, checksum, id FROM journal
        WHERE id > $1 AND stream NOT IN (SELECT id FROM stream_head WHERE stream >= $2 AND stream <= $3) ORDER BY id LIMIT {PageRows}
        """;

    private static readonly string SnapshotSql = $"SELECT payload, stream, version, checksum, stream FROM snapshot WHERE stream > $1 AND NOT (stream >= $2 AND stream <= $3) ORDER BY stream LIMIT {PageRows}";

    // The columns of the unique index.
    private static readonly string DocumentSql = $"""
        SELECT payloadbinary, graintypestring || '/' || coalesce(grainidextensionstring, ''), 0::bigint, NULL::bigint, grainidn0, grainidn1, md5(graintypestring), (grainidextensionstring IS NULL), md5(coalesce(grainidextensionstring, '')), md5(serviceid)
        FROM orleansstorage
        WHERE (grainidn0, grainidn1, md5(graintypestring), (grainidextensionstring IS NULL), md5(coalesce(grainidextensionstring, '')), md5(serviceid)) > ($1, $2, $3, $4, $5, $6)
        ORDER BY grainidn0, grainidn1, md5(graintypestring), (grainidextensionstring IS NULL), md5(coalesce(grainidextensionstring, '')), md5(serviceid) LIMIT {PageRows}
        """;

    /// <summary>Entries move into snapshots and never back, hence this order.</summary>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(NpgsqlDataSource source, string except, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        object[] excepted = [except, except + JournalLimits.LastName];
        (string Sql, object[] Start, object[] More)[] tables =
        [
            (JournalSql, [0L], excepted),
            (SnapshotSql, [""], excepted),
            (DocumentSql, [long.MinValue, long.MinValue, "", false, "", ""], []),
        ];
        foreach (var (sql, start, more) in tables)
        {
            await foreach (var payload in ReadAsync(source, sql, start, more, cancellationToken))
            {
                yield return payload;
            }
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        NpgsqlDataSource source, string sql, object[] place, object[] more, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var rows = PageRows; rows == PageRows;)
        {
            rows = 0;
            await using var command = source.CreateCommand(sql);
            command.Parameters.AddRange(place.Concat(more).Select(value => new NpgsqlParameter { Value = value }).ToArray());
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                rows++;
                for (var i = 0; i < place.Length; i++)
                {
                    place[i] = reader.GetValue(i + 4);
                }

                if (!await reader.IsDBNullAsync(0, cancellationToken))
                {
                    var payload = reader.GetFieldValue<byte[]>(0);
                    if (sql == DocumentSql)
                    {
                        JournalGuard.Document(reader.GetString(1), payload);
                    }
                    else if (!await reader.IsDBNullAsync(3, cancellationToken))
                    {
                        Action<string, long, ReadOnlySpan<byte>, long> check = sql == JournalSql ? JournalGuard.Entry : JournalGuard.Snapshot;
                        check(reader.GetString(1), reader.GetInt64(2), payload, reader.GetInt64(3));
                    }

                    yield return payload;
                }
            }
        }
    }
}
