using Microsoft.Data.Sqlite;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Storage.Tests.Journals;
using MlopsGrains.Testing;

namespace MlopsGrains.Storage.Tests.Sqlite;

public sealed class SqliteJournalTests : SqlJournalContract
{
    private readonly TempDirectory directory = new();

    protected override async Task<IOpenJournal> OpenAsync(int? queueLengthMax) =>
        new Open(await SqliteStore.OpenAsync(new() { Path = directory.File("journal.db"), QueueLengthMax = queueLengthMax ?? 8192 }, Token));

    protected override async Task<IAsyncDisposable> BlockCommitsAsync()
    {
        var connection = new SqliteConnection($"Data Source={directory.File("journal.db")};Pooling=False");
        await connection.OpenAsync(Token);
        using var command = new SqliteCommand("BEGIN IMMEDIATE", connection);
        await command.ExecuteNonQueryAsync(Token);
        return connection;
    }

    protected override Task CommitStartedAsync() => Eventually.Async(() => ((Open)Opened).Store.BatchesTaken > 0, cancellationToken: Token);

    protected override async Task<long> EntriesStoredAsync()
    {
        await using var connection = new SqliteConnection($"Data Source={directory.File("journal.db")};Pooling=False");
        await connection.OpenAsync(Token);
        using var command = new SqliteCommand("SELECT count(*) FROM journal", connection);
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

    protected override async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={directory.File("journal.db")};Pooling=False");
        await connection.OpenAsync(Token);
        using var command = new SqliteCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    protected override Task CleanUpAsync()
    {
        directory.Dispose();
        return Task.CompletedTask;
    }

    private sealed record Open(SqliteStore Store) : IOpenJournal
    {
        public IJournal Journal => Store;

        public ValueTask DisposeAsync() => Store.DisposeAsync();
    }
}
