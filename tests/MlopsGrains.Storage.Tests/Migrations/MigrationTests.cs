using Microsoft.Data.Sqlite;
using MlopsGrains.Storage.Migrations;
using MlopsGrains.Testing;
using Npgsql;
using Xunit;

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
    public void Migrations_AreNumberedWithoutHoles()
    {
        foreach (var engine in (string[])["Sqlite", "Postgres"])
        {
            var migrations = Migration.Of(engine);
            Assert.Equal(Enumerable.Range(1, migrations.Count), migrations.Select(migration => migration.Version));
        }
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
