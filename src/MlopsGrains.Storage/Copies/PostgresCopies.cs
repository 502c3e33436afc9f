using System.Data;
using Npgsql;

namespace MlopsGrains.Storage.Copies;

/// <summary>Every table of a database to files and back, in PostgreSQL's own binary form.</summary>
internal static class PostgresCopies
{
    private const string Tables = "tables";

    /// <summary>Neither the schema's own books nor who is in the cluster at the moment.</summary>
    private const string TablesSql = """
        SELECT c.relname, array_agg(a.attname ORDER BY a.attnum)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
          AND c.relname NOT IN ('schema_version', 'schema_addition', 'orleansquery', 'orleansmembershiptable', 'orleansmembershipversiontable')
        GROUP BY c.relname ORDER BY c.relname
        """;

    private const string SequencesSql = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL";

    private const string AliveSql = "SELECT count(*) FROM orleansmembershiptable WHERE status = 3 AND iamalivetime > now() - interval '1 minute'";

    public static async Task<BackupManifest> ExportAsync(NpgsqlDataSource source, string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.Combine(folder, Tables));
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await ExecuteAsync(connection, "SET TRANSACTION READ ONLY", cancellationToken);
        var taken = TimeProvider.System.GetUtcNow();
        var tables = new List<BackupTable>();
        foreach (var (name, columns) in await RowsAsync(connection, TablesSql, row => (row.GetString(0), row.GetFieldValue<string[]>(1)), cancellationToken))
        {
            await using (var file = new FileStream(FileOf(folder, name), FileMode.Create, FileAccess.Write, FileShare.None))
            {
                await using var rows = await connection.BeginRawBinaryCopyAsync($"COPY {Quoted(name)} ({List(columns)}) TO STDOUT (FORMAT binary)", cancellationToken);
                await rows.CopyToAsync(file, cancellationToken);
                file.Flush(flushToDisk: true);
            }

            tables.Add(new BackupTable(name, columns, await ScalarAsync<long>(connection, $"SELECT count(*) FROM {Quoted(name)}", cancellationToken)));
        }

        // Sequences know no transactions: read after the tables they are ahead of every number in them.
        var sequences = await RowsAsync(connection, SequencesSql, row => new BackupSequence(row.GetString(0), row.GetInt64(1)), cancellationToken);
        var schema = await ScalarAsync<int>(connection, "SELECT max(version) FROM schema_version", cancellationToken);
        var store = await ScalarAsync<string>(connection, "SELECT id FROM store", cancellationToken);
        var files = tables.Select(table => BackupFile.Of(folder, $"{Tables}/{table.Name}.copy")).ToList();
        return new BackupManifest(BackupManifest.FormatNow, BackupManifest.Postgres, schema, store, taken, files, 0, 0, tables, sequences);
    }

    public static async Task ImportAsync(NpgsqlDataSource source, string folder, BackupManifest manifest, bool replace, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var schema = await ScalarAsync<int>(connection, "SELECT max(version) FROM schema_version", cancellationToken);
        if (schema != manifest.Schema)
        {
            throw new StorageRefusedException($"The backup is of schema version {manifest.Schema}, this program has {schema}. Restore it with the program that took it, and start this one afterwards.");
        }

        if (await ScalarAsync<long>(connection, AliveSql, cancellationToken) is > 0 and var silos)
        {
            throw new StorageRefusedException($"{silos} silos use the database, or did a minute ago. Stop them first.");
        }

        if (!replace && await ScalarAsync<bool>(connection, "SELECT EXISTS (SELECT FROM stream_head) OR EXISTS (SELECT FROM orleansstorage)", cancellationToken))
        {
            throw new StorageRefusedException("The database is not empty. Name another one, or give --replace, which removes what is in it.");
        }

        // The documents' intents are restored as a table of their own.
        await ExecuteAsync(connection, "SET LOCAL mlops.restoring = 'on'", cancellationToken);
        await ExecuteAsync(connection, $"TRUNCATE {List(manifest.Tables.Select(table => table.Name))}", cancellationToken);
        foreach (var table in manifest.Tables)
        {
            await using var file = new FileStream(FileOf(folder, table.Name), FileMode.Open, FileAccess.Read, FileShare.Read);
            await using (var rows = await connection.BeginRawBinaryCopyAsync($"COPY {Quoted(table.Name)} ({List(table.Columns)}) FROM STDIN (FORMAT binary)", cancellationToken))
            {
                await file.CopyToAsync(rows, cancellationToken);
            }

            var stored = await ScalarAsync<long>(connection, $"SELECT count(*) FROM {Quoted(table.Name)}", cancellationToken);
            if (stored != table.Rows)
            {
                throw new StorageRefusedException($"The backup says that {table.Name} has {table.Rows} rows, and its file gave {stored}. Nothing was restored.");
            }
        }

        foreach (var sequence in manifest.Sequences)
        {
            await using var set = new NpgsqlCommand("SELECT setval(quote_ident($1)::regclass, $2)", connection) { Parameters = { new() { Value = sequence.Name }, new() { Value = sequence.Value } } };
            await set.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static string FileOf(string folder, string table) => Path.Combine(folder, Tables, table + ".copy");

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string List(IEnumerable<string> names) => string.Join(", ", names.Select(Quoted));

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<List<T>> RowsAsync<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
