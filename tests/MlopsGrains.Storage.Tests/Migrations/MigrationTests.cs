using System.Text;
using Microsoft.Data.Sqlite;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Migrations;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.Storage.Tests.Migrations;

public sealed class MigrationTests(PostgresServer server) : IDisposable
{
    private readonly TempDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string File => directory.File("sub/journal.db");

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Sqlite_EmptyTwiceAndAtOnce_IsMigratedOnce()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => StorageMigrator.MigrateSqliteAsync(File, Token)));
        await StorageMigrator.MigrateSqliteAsync(File, Token);

        Assert.Equal(Migration.Of("Sqlite").Count, await SqliteAsync<long>("SELECT count(*) FROM schema_version"));
        Assert.Equal(3L, await SqliteAsync<long>("SELECT count(*) FROM sqlite_master WHERE name IN ('journal', 'snapshot', 'record')"));
    }

    [Fact]
    public async Task Sqlite_NewerDatabase_IsRefusedUntouched()
    {
        await StorageMigrator.MigrateSqliteAsync(File, Token);
        await SqliteAsync<object>("INSERT INTO schema_version (version, name) VALUES (99, 'future')");

        var refusal = await Assert.ThrowsAsync<StorageSchemaException>(() => StorageMigrator.MigrateSqliteAsync(File, Token));

        Assert.Contains("schema version 99", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Postgres_EmptyTwiceAndAtOnce_IsMigratedOnce()
    {
        var database = await server.CreateDatabaseAsync();

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => StorageMigrator.MigratePostgresAsync(database, Token)));
        await StorageMigrator.MigratePostgresAsync(database, Token);

        Assert.Equal(Migration.Of("Postgres").Count, (int)await PostgresAsync<long>(database, "SELECT count(*) FROM schema_version"));
    }

    [Fact]
    public async Task Postgres_NewerDatabase_IsRefused()
    {
        var database = await server.CreateDatabaseAsync();
        await StorageMigrator.MigratePostgresAsync(database, Token);
        await PostgresAsync<object>(database, "INSERT INTO schema_version (version, name) VALUES (99, 'future')");

        var refusal = await Assert.ThrowsAsync<StorageSchemaException>(() => StorageMigrator.MigratePostgresAsync(database, Token));

        Assert.Contains("schema version 99", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sqlite_FirstSchemasDatabase_KeepsItsStreams()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        await SqliteAsync<object>($"""
            CREATE TABLE schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
            INSERT INTO schema_version (version, name) VALUES (1, '0001_journal');
            {Migration.Of("Sqlite")[0].Sql}
            INSERT INTO stream (id, name) VALUES (7, 'both'), (8, 'entries'), (9, 'snapshot');
            INSERT INTO journal VALUES (8, 1, 'a'), (7, 3, 'c'), (8, 2, 'b');
            INSERT INTO snapshot VALUES (7, 2, 'ab'), (9, 5, 'abcde');
            SELECT 0
            """);

        await using var store = await SqliteStore.OpenAsync(new() { Path = File }, Token);

        await AssertStreamsOfTheFirstSchemaAsync(store);
    }

    [Fact]
    public async Task Postgres_FirstSchemasDatabase_KeepsItsStreams()
    {
        var database = await server.CreateDatabaseAsync();
        await PostgresAsync<object>(database, $"""
            CREATE TABLE schema_version (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
            INSERT INTO schema_version (version, name) VALUES (1, '0001_journal'), (2, '0002_orleans');
            {Migration.Of("Postgres")[0].Sql}
            {Migration.Of("Postgres")[1].Sql}
            INSERT INTO stream_head VALUES ('both', 3), ('entries', 2), ('snapshot', 5);
            INSERT INTO journal VALUES ('entries', 1, 0, 'a'), ('both', 3, 0, 'c'), ('entries', 2, 0, 'b');
            INSERT INTO snapshot VALUES ('both', 2, 'ab'), ('snapshot', 5, 'abcde');
            SELECT 0
            """);
        await using var source = NpgsqlDataSource.Create(database);

        await using var journal = await PostgresJournal.OpenAsync(new() { ConnectionString = database }, source, Token);

        await AssertStreamsOfTheFirstSchemaAsync(journal);
    }

    [Fact]
    public void Migrations_AreNumberedWithoutHoles()
    {
        foreach (var engine in (string[])["Sqlite", "Postgres"])
        {
            var migrations = Migration.Of(engine);
            Assert.Equal(Enumerable.Range(1, migrations.Count), migrations.Select(migration => migration.Version));
        }
    }

    private static async Task AssertStreamsOfTheFirstSchemaAsync(IJournal journal)
    {
        foreach (var (stream, snapshot, entries) in ((string, string?, string[])[])[("both", "ab", ["c"]), ("entries", null, ["a", "b"]), ("snapshot", "abcde", [])])
        {
            var slice = await journal.ReadAsync(stream, Token);
            Assert.Equal(snapshot, slice.Snapshot is { } stored ? Encoding.UTF8.GetString(stored.Span) : null);
            Assert.Equal(entries, slice.Entries.Select(entry => Encoding.UTF8.GetString(entry.Span)));
            Assert.False(await journal.AppendAsync(stream, slice.Version - 1, [new byte[1]], Token));
            Assert.True(await journal.AppendAsync(stream, slice.Version, [new byte[1]], Token));
        }

        Assert.Equal(["both", "entries", "snapshot"], await journal.ListStreamsAsync("", null, 10, Token));
    }

    private async Task<T> SqliteAsync<T>(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        await connection.OpenAsync(Token);
        using var command = new SqliteCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }

    private static async Task<T> PostgresAsync<T>(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }
}
