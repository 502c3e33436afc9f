using Microsoft.Data.Sqlite;
using Npgsql;

namespace MlopsGrains.Storage.Migrations;

/// <summary>
/// Brings a database to this program's schema, under a lock, in one transaction. Storage does it when it starts; a host whose other parts
/// read the database earlier (Orleans' ADO.NET providers) calls it before. Doing it twice, or from two processes at once, is harmless.
/// A migration makes the database one that older programs refuse. An addition does not: a program that does not know it works on as before, beside one that does,
/// so it may add tables, columns without a need to be filled, and triggers.
/// </summary>
public static class StorageMigrator
{
    // "mlopsgrn" in ASCII: one lock for all processes on this database.
    private const long PostgresLock = 0x6d6c6f707367726e;

    /// <summary>Creates the SQLite file when it is missing and applies what it lacks.</summary>
    /// <exception cref="StorageSchemaException">The file was written by a newer program.</exception>
    public static Task MigrateSqliteAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Task.Run(() => MigrateSqlite(path), cancellationToken);
    }

    /// <summary>Applies what the PostgreSQL database lacks.</summary>
    /// <exception cref="StorageSchemaException">The database was written by a newer program.</exception>
    public static async Task MigratePostgresAsync(string connectionString, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionString);
        await using var source = NpgsqlDataSource.Create(connectionString);
        await MigratePostgresAsync(source, cancellationToken);
    }

    public static async Task MigratePostgresAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync($"SELECT pg_advisory_xact_lock({PostgresLock})");
        await ExecuteAsync("CREATE TABLE IF NOT EXISTS schema_version (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
        await using var read = new NpgsqlCommand("SELECT coalesce(max(version), 0) FROM schema_version", connection, transaction);
        var stored = (int)(await read.ExecuteScalarAsync(cancellationToken))!;
        foreach (var migration in Pending("Postgres", stored))
        {
            await ExecuteAsync(migration.Sql);
            await using var note = new NpgsqlCommand("INSERT INTO schema_version (version, name) VALUES ($1, $2)", connection, transaction)
            {
                Parameters = { new() { Value = migration.Version }, new() { Value = migration.Name } },
            };
            await note.ExecuteNonQueryAsync(cancellationToken);
        }

        await ExecuteAsync("CREATE TABLE IF NOT EXISTS schema_addition (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())");
        foreach (var addition in Migration.Of("PostgresAdditions"))
        {
            await using var claim = new NpgsqlCommand("INSERT INTO schema_addition (name) VALUES ($1) ON CONFLICT DO NOTHING", connection, transaction)
            {
                Parameters = { new() { Value = addition.Name } },
            };
            if (await claim.ExecuteNonQueryAsync(cancellationToken) > 0)
            {
                await ExecuteAsync(addition.Sql);
            }
        }

        await transaction.CommitAsync(cancellationToken);

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    internal static void MigrateSqlite(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { Length: > 0 } directory)
        {
            Directory.CreateDirectory(directory);
        }

        using var connection = SqliteConnections.Open(path, TimeSpan.FromSeconds(30));
        Execute("BEGIN IMMEDIATE");
        try
        {
            Execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)");
            using var read = new SqliteCommand("SELECT coalesce(max(version), 0) FROM schema_version", connection);
            var stored = (int)(long)read.ExecuteScalar()!;
            foreach (var migration in Pending("Sqlite", stored))
            {
                Execute(migration.Sql);
                using var note = new SqliteCommand("INSERT INTO schema_version (version, name) VALUES ($version, $name)", connection);
                note.Parameters.AddWithValue("$version", migration.Version);
                note.Parameters.AddWithValue("$name", migration.Name);
                note.ExecuteNonQuery();
            }

            Execute("CREATE TABLE IF NOT EXISTS schema_addition (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)");
            foreach (var addition in Migration.Of("SqliteAdditions"))
            {
                using var claim = new SqliteCommand("INSERT INTO schema_addition (name) VALUES ($name) ON CONFLICT DO NOTHING", connection);
                claim.Parameters.AddWithValue("$name", addition.Name);
                if (claim.ExecuteNonQuery() > 0)
                {
                    Execute(addition.Sql);
                }
            }

            Execute("COMMIT");
        }
        catch
        {
            Execute("ROLLBACK");
            throw;
        }

        void Execute(string sql)
        {
            using var command = new SqliteCommand(sql, connection);
            command.ExecuteNonQuery();
        }
    }

    private static IEnumerable<Migration> Pending(string engine, int stored)
    {
        var known = Migration.Of(engine);
        if (stored > known[^1].Version)
        {
            throw new StorageSchemaException(
                $"the database has schema version {stored}, this program knows versions up to {known[^1].Version}: start the program that wrote it, or a newer one");
        }

        return known.Where(migration => migration.Version > stored);
    }
}

/// <summary>The database's schema does not fit this program.</summary>
public sealed class StorageSchemaException(string message) : Exception(message);
