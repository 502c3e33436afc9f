using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Writing;
using Npgsql;
using NpgsqlTypes;

namespace MlopsGrains.Storage.Postgres;

internal sealed partial class PostgresLane
{
    // The head's row is locked by whoever moves it; a competitor waits, sees the new version and matches nothing. So each append is all or
    // none, exactly one of two competitors wins, and a truncation in between cannot reopen an old version.
    private const string AppendSql = $"""
        {AppendedSql}
        SELECT n::int FROM won
        """;

    // Few appends have intents; the others need not pay for them.
    private const string AppendWithIntentsSql = $"""
        {AppendedSql},
        kept AS (
          INSERT INTO intent (payload)
          SELECT i.payload FROM unnest($9::int[], $10::bytea[]) WITH ORDINALITY AS i (n, payload, k) JOIN won ON won.n = i.n ORDER BY i.k),
        delivered AS (
          DELETE FROM intent WHERE id IN (SELECT t.id FROM unnest($11::int[], $12::bigint[]) AS t (n, id) JOIN won ON won.n = t.n))
        SELECT n::int FROM won
        """;

    private const string AppendedSql = """
        WITH a AS MATERIALIZED (
          SELECT stream, expected, entries, first, n
          FROM unnest($1::text[], $2::bigint[], $3::int[], $4::bigint[]) WITH ORDINALITY AS a (stream, expected, entries, first, n)),
        created AS (
          INSERT INTO stream_head (stream, version, entry, before)
          SELECT stream, entries, first + entries - 1, 0 FROM a WHERE expected = 0 ORDER BY stream
          ON CONFLICT (stream) DO NOTHING
          RETURNING stream, id),
        moved AS (
          UPDATE stream_head h SET version = a.expected + a.entries, entry = a.first + a.entries - 1, before = h.entry
          FROM a WHERE a.expected > 0 AND h.stream = a.stream AND h.version = a.expected
          RETURNING a.n, h.id, a.expected, a.first, h.before),
        won AS MATERIALIZED (
          SELECT n, id, expected, first, before FROM moved
          UNION ALL
          SELECT a.n, created.id, a.expected, a.first, 0 FROM created JOIN a ON a.stream = created.stream),
        stored AS (
          INSERT INTO journal (id, stream, version, previous, payload, checksum)
          SELECT won.first + e.k, won.id, won.expected + 1 + e.k, CASE e.k WHEN 0 THEN won.before ELSE won.first + e.k - 1 END, e.payload, e.checksum
          FROM unnest($5::int[], $6::int[], $7::bytea[], $8::bigint[]) AS e (n, k, payload, checksum) JOIN won ON won.n = e.n)
        """;

    private const string FindSql = """
        SELECT a.n::int, CASE WHEN EXISTS (SELECT FROM journal j WHERE j.id = a.first) THEN 1 WHEN s.version >= a.version THEN 2 ELSE 0 END
        FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS a (stream, version, first, n)
        LEFT JOIN snapshot s ON s.stream = a.stream
        """;

    private const string ReserveSql = "SELECT nextval('journal_id')";

    // Runs before the statements that remove rows: they then see all that was stored by whoever held the heads before.
    private const string LockSql = "SELECT FROM stream_head WHERE stream = ANY ($1) ORDER BY stream FOR UPDATE";

    private const string SnapshotSql = $"""
        WITH RECURSIVE a AS MATERIALIZED (
          SELECT a.n, a.stream, a.version, a.payload, a.checksum, coalesce(h.version, 0) AS head, h.id, h.entry
          FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bigint[]) WITH ORDINALITY AS a (stream, version, payload, checksum, n)
          LEFT JOIN stream_head h ON h.stream = a.stream),
        put AS (
          INSERT INTO snapshot (stream, version, payload, checksum)
          SELECT stream, version, payload, checksum FROM a WHERE version <= head ORDER BY stream
          ON CONFLICT (stream) DO UPDATE SET version = EXCLUDED.version, payload = EXCLUDED.payload, checksum = EXCLUDED.checksum
          WHERE snapshot.version < EXCLUDED.version
          RETURNING stream, version),
        covered AS (SELECT a.id AS stream, a.head AS version, a.entry, put.version AS upto FROM put JOIN a ON a.stream = put.stream),
        {TruncatedSql},
        chunked AS (
          INSERT INTO chunk (stream, series, number, payload, checksum)
          SELECT put.stream, c.series, c.number, c.payload, c.checksum
          FROM unnest($5::int[], $6::text[], $7::bigint[], $8::bytea[], $9::bigint[]) AS c (n, series, number, payload, checksum)
          JOIN a ON a.n = c.n JOIN put ON put.stream = a.stream
          ON CONFLICT (stream, series, number) DO UPDATE SET payload = EXCLUDED.payload, checksum = EXCLUDED.checksum)
        SELECT n::int, head FROM a WHERE version > head
        """;

    // A snapshot without a payload, one version on, is what a deleted stream leaves.
    private const string DeleteSql = $"""
        WITH RECURSIVE moved AS (
          UPDATE stream_head h SET version = h.version + 1
          WHERE stream = ANY ($1)
            AND NOT EXISTS (SELECT FROM snapshot s WHERE s.stream = h.stream AND s.version = h.version AND s.payload IS NULL)
          RETURNING stream, version, id, entry),
        buried AS (
          INSERT INTO snapshot (stream, version, payload)
          SELECT stream, version, NULL FROM moved
          ON CONFLICT (stream) DO UPDATE SET version = EXCLUDED.version, payload = NULL, checksum = NULL),
        covered AS (SELECT id AS stream, version - 1 AS version, entry, version AS upto FROM moved),
        {TruncatedSql},
        kept AS (
          INSERT INTO intent (payload)
          SELECT i.payload FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS i (stream, payload, k) JOIN moved ON moved.stream = i.stream ORDER BY i.k)
        DELETE FROM chunk c USING moved WHERE c.stream = moved.stream
        """;

    // Walks back from the newest entry of each stream in "covered" and removes those up to "upto".
    private const string TruncatedSql = $"""
        walk AS (
          SELECT e.id, e.stream, e.version, e.previous, covered.upto
          FROM covered CROSS JOIN LATERAL ({PostgresJournal.EntrySql} e.id = covered.entry AND e.stream = covered.stream AND e.version = covered.version LIMIT 1) e
          UNION ALL
          SELECT e.id, e.stream, e.version, e.previous, walk.upto
          FROM walk CROSS JOIN LATERAL ({PostgresJournal.EntrySql} e.id = walk.previous AND e.stream = walk.stream AND e.version = walk.version - 1 LIMIT 1) e),
        truncated AS (
          DELETE FROM journal WHERE id = ANY (ARRAY(SELECT id FROM walk WHERE version <= upto)))
        """;

    // By how much the sequence moves.
    private const int ReservedIds = 8192;

    private NpgsqlConnection? connection;
    private NpgsqlCommand? appendCommand;
    private NpgsqlCommand? appendWithIntentsCommand;

    // Ids that the sequence gave to this writer: from the first to before the end.
    private (long First, long End) reserved;

    /// <summary>Stores what meets the fence, in one statement and one commit; the indexes of the winners come back.</summary>
    private async Task<HashSet<int>> InsertAsync(List<AppendOperation> appends)
    {
        var entries = appends.Sum(append => append.Entries.Count);
        var (owners, offsets, payloads, checksums) = (new int[entries], new int[entries], new ReadOnlyMemory<byte>[entries], new long[entries]);
        var next = 0;
        for (var i = 0; i < appends.Count; i++)
        {
            if (appends[i].FirstId == 0)
            {
                appends[i].FirstId = await ReserveAsync(appends[i].Entries.Count);
            }

            for (var k = 0; k < appends[i].Entries.Count; k++, next++)
            {
                (owners[next], offsets[next], payloads[next]) = (i + 1, k, appends[i].Entries[k]);
                checksums[next] = Checksum.OfEntry(appends[i].ExpectedVersion + 1 + k, payloads[next].Span);
            }
        }

        var withIntents = appends.Exists(append => append.Intents.Count + append.Delivered.Count > 0);
        var command = withIntents ? appendWithIntentsCommand ??= await PrepareAppendAsync(AppendWithIntentsSql) : appendCommand ??= await PrepareAppendAsync(AppendSql);
        var parameters = command.Parameters;
        ((NpgsqlParameter<string[]>)parameters[0]).TypedValue = [.. appends.Select(append => append.Stream)];
        ((NpgsqlParameter<long[]>)parameters[1]).TypedValue = [.. appends.Select(append => append.ExpectedVersion)];
        ((NpgsqlParameter<int[]>)parameters[2]).TypedValue = [.. appends.Select(append => append.Entries.Count)];
        ((NpgsqlParameter<long[]>)parameters[3]).TypedValue = [.. appends.Select(append => append.FirstId)];
        ((NpgsqlParameter<int[]>)parameters[4]).TypedValue = owners;
        ((NpgsqlParameter<int[]>)parameters[5]).TypedValue = offsets;
        ((NpgsqlParameter<ReadOnlyMemory<byte>[]>)parameters[6]).TypedValue = payloads;
        ((NpgsqlParameter<long[]>)parameters[7]).TypedValue = checksums;
        if (withIntents)
        {
            var intents = appends.SelectMany((append, i) => append.Intents.Select(intent => (Owner: i + 1, Intent: intent))).ToArray();
            var delivered = appends.SelectMany((append, i) => append.Delivered.Select(id => (Owner: i + 1, Id: id))).ToArray();
            ((NpgsqlParameter<int[]>)parameters[8]).TypedValue = [.. intents.Select(intent => intent.Owner)];
            ((NpgsqlParameter<ReadOnlyMemory<byte>[]>)parameters[9]).TypedValue = [.. intents.Select(intent => intent.Intent)];
            ((NpgsqlParameter<int[]>)parameters[10]).TypedValue = [.. delivered.Select(one => one.Owner)];
            ((NpgsqlParameter<long[]>)parameters[11]).TypedValue = [.. delivered.Select(one => one.Id)];
        }

        var won = new HashSet<int>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            won.Add(reader.GetInt32(0) - 1);
        }

        return won;
    }

    private Task<NpgsqlCommand> PrepareAppendAsync(string sql)
    {
        NpgsqlParameter[] common =
        [
            new NpgsqlParameter<string[]> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
            Bigints(),
            Integers(),
            Bigints(),
            Integers(),
            Integers(),
            Byteas(),
            Bigints(),
        ];
        return PrepareAsync(sql, ReferenceEquals(sql, AppendSql) ? common : [.. common, Integers(), Byteas(), Integers(), Bigints()]);

        static NpgsqlParameter Bigints() => new NpgsqlParameter<long[]> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

        static NpgsqlParameter Integers() => new NpgsqlParameter<int[]> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer };

        static NpgsqlParameter Byteas() => new NpgsqlParameter<ReadOnlyMemory<byte>[]> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };
    }

    /// <summary>As many ids in a row, the first of them. What is left of a block that is too short is let go.</summary>
    private async Task<long> ReserveAsync(int count)
    {
        if (reserved.End - reserved.First < count)
        {
            await using var command = new NpgsqlCommand(ReserveSql, connection) { CommandTimeout = timeoutSeconds };
            var first = (long)(await command.ExecuteScalarAsync())!;
            reserved = (first, first + ReservedIds);
        }

        reserved.First += count;
        return reserved.First - count;
    }

    /// <summary>Finds by their ids which of the appends are stored: an earlier attempt may have been committed without its answer reaching us.</summary>
    private async Task<Fate[]> FindAsync(List<AppendOperation> appends)
    {
        await using var command = new NpgsqlCommand(FindSql, connection)
        {
            CommandTimeout = timeoutSeconds,
            Parameters =
            {
                new() { Value = appends.Select(append => append.Stream).ToArray() },
                new() { Value = appends.Select(append => append.ExpectedVersion + 1).ToArray() },
                new() { Value = appends.Select(append => append.FirstId).ToArray() },
            },
        };
        var fates = new Fate[appends.Count];
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            fates[reader.GetInt32(0) - 1] = (Fate)reader.GetInt32(1);
        }

        return fates;
    }

    /// <summary>Stores the snapshots; those ahead of their stream come back with the stream's version.</summary>
    private async Task<Dictionary<int, long>> PutAsync(List<SnapshotOperation> snapshots)
    {
        var chunks = snapshots.SelectMany((snapshot, i) => snapshot.Chunks.Select(chunk => (
            Owner: i + 1, chunk.Series, chunk.Number, chunk.Payload, Checksum: Checksum.OfChunk(snapshot.Stream, chunk.Series, chunk.Number, chunk.Payload.Span)))).ToArray();
        var streams = snapshots.Select(snapshot => snapshot.Stream).ToArray();
        await using var batch = Locked(
            streams,
            SnapshotSql,
            new() { Value = snapshots.Select(snapshot => snapshot.Version).ToArray() },
            Payloads(snapshots.Select(snapshot => snapshot.Payload)),
            new() { Value = snapshots.Select(snapshot => Checksum.OfSnapshot(snapshot.Stream, snapshot.Version, snapshot.Payload.Span)).ToArray() },
            new() { Value = chunks.Select(chunk => chunk.Owner).ToArray() },
            new() { Value = chunks.Select(chunk => chunk.Series).ToArray() },
            new() { Value = chunks.Select(chunk => chunk.Number).ToArray() },
            Payloads(chunks.Select(chunk => chunk.Payload)),
            new() { Value = chunks.Select(chunk => chunk.Checksum).ToArray() });
        var ahead = new Dictionary<int, long>();
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync();
        while (await reader.ReadAsync())
        {
            ahead.Add(reader.GetInt32(0) - 1, reader.GetInt64(1));
        }

        return ahead;
    }

    /// <summary>Repeating is harmless: what is deleted stays as it is.</summary>
    private async Task DeleteAsync(List<DeleteOperation> deletes, bool doubtful)
    {
        var intents = deletes.SelectMany(delete => delete.Intents.Select(intent => (delete.Stream, Intent: intent))).ToArray();
        await using var batch = Locked(
            [.. deletes.Select(delete => delete.Stream)], DeleteSql, new() { Value = intents.Select(intent => intent.Stream).ToArray() }, Payloads(intents.Select(intent => intent.Intent)));
        await batch.ExecuteNonQueryAsync();
    }

    /// <summary>One transaction of two statements: the heads are locked, then <paramref name="sql"/> runs with the streams as its first parameter.</summary>
    private NpgsqlBatch Locked(string[] streams, string sql, params ReadOnlySpan<NpgsqlParameter> rest)
    {
        var command = new NpgsqlBatchCommand(sql) { Parameters = { new NpgsqlParameter { Value = streams } } };
        foreach (var parameter in rest)
        {
            command.Parameters.Add(parameter);
        }

        return new NpgsqlBatch(connection)
        {
            Timeout = timeoutSeconds,
            BatchCommands = { new NpgsqlBatchCommand(LockSql) { Parameters = { new NpgsqlParameter { Value = streams } } }, command },
        };
    }

    private static NpgsqlParameter<ReadOnlyMemory<byte>[]> Payloads(IEnumerable<ReadOnlyMemory<byte>> payloads) => new()
    {
        TypedValue = [.. payloads],
        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea,
    };

    private async Task ConnectAsync()
    {
        if (connection is not null)
        {
            return;
        }

        connection = await source.OpenConnectionAsync();

        // An acknowledgement means "on disk", whatever the role's or the database's default is.
        await using var durable = new NpgsqlCommand("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'", connection);
        await durable.ExecuteNonQueryAsync();
    }

    private async Task DisconnectAsync()
    {
        foreach (var command in (NpgsqlCommand?[])[appendCommand, appendWithIntentsCommand])
        {
            await (command?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        appendCommand = appendWithIntentsCommand = null;

        if (connection is not null)
        {
            await connection.DisposeAsync();
            connection = null;
        }
    }

    private async Task<NpgsqlCommand> PrepareAsync(string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = timeoutSeconds };
        command.Parameters.AddRange(parameters);
        await command.PrepareAsync();
        return command;
    }

    private enum Fate
    {
        NotStored = 0,
        Stored = 1,

        /// <summary>Another writer has snapshotted past the version, so the row that would tell is gone.</summary>
        Truncated = 2,
    }
}
