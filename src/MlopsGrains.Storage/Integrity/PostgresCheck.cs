using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Postgres;
using Npgsql;

namespace MlopsGrains.Storage.Integrity;

/// <summary>Reads a whole PostgreSQL database.</summary>
internal sealed class PostgresCheck(NpgsqlDataSource source, StorageTally tally)
{
    public async Task RequireSchemaAsync(CancellationToken cancellationToken)
    {
        if (await CountAsync("SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'journal' AND column_name = 'checksum'", cancellationToken) == 0)
        {
            throw new StorageRefusedException("It is not a database that this program or one like it has opened; start the server on it once.");
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var stream in await StreamsAsync(cancellationToken))
        {
            await TryAsync(stream, async () =>
            {
                tally.Streams++;
                var damaged = new Dictionary<long, StoredDamage>();
                var slice = await PostgresJournal.ReadStreamAsync(source, stream, damaged, cancellationToken);
                tally.Entries += slice.Entries.Count + (slice.Snapshot is null ? 0 : 1);
                tally.Damage.Report(damaged.Values);
            });
        }

        await TryAsync("its chunks", () => RowsAsync("SELECT stream, series, number, payload, checksum FROM chunk", Chunk, cancellationToken));
        await TryAsync("its documents", () => RowsAsync(
            "SELECT graintypestring || '/' || coalesce(grainidextensionstring, ''), payloadbinary FROM orleansstorage WHERE payloadbinary IS NOT NULL",
            row => tally.Document(row.GetString(0), row.GetFieldValue<byte[]>(1)),
            cancellationToken));
        if (await CountAsync("SELECT count(*) FROM pg_class WHERE oid = to_regclass('intent')", cancellationToken) > 0)
        {
            await TryAsync("its intents", () => RowsAsync("SELECT id, payload FROM intent", row => tally.Intent(row.GetInt64(0), row.GetFieldValue<byte[]>(1)), cancellationToken));
        }

        await TryAsync("checksums", async () => tally.WithoutChecksum += await CountAsync(
            "SELECT (SELECT count(*) FROM journal WHERE checksum IS NULL) + (SELECT count(*) FROM snapshot WHERE checksum IS NULL AND payload IS NOT NULL)", cancellationToken));
    }

    private void Chunk(NpgsqlDataReader row)
    {
        tally.Chunks++;
        if (row.IsDBNull(4))
        {
            tally.WithoutChecksum++;
        }
        else
        {
            tally.Try(() => JournalGuard.Chunk(row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetFieldValue<byte[]>(3), row.GetInt64(4)));
        }
    }

    private async Task TryAsync(string what, Func<Task> read)
    {
        try
        {
            await read();
        }
        catch (StoredDamageException e)
        {
            tally.Damage.Report(e.Damage);
        }
        catch (PostgresException e) when (PostgresDamage.Is(e))
        {
            tally.Damage.Report(PostgresDamage.Of(what, e));
        }
    }

    private async Task<List<string>> StreamsAsync(CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await TryAsync("the names of its streams", () => RowsAsync("SELECT stream FROM stream_head ORDER BY stream", row => names.Add(row.GetString(0)), cancellationToken));
        return names;
    }

    private async Task RowsAsync(string sql, Action<NpgsqlDataReader> read, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            read(reader);
        }
    }

    private async Task<long> CountAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 0;
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
