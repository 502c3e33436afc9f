using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Storage.Tests.Journals;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.Storage.Tests.Postgres;

public sealed class PostgresJournalTests(PostgresServer server) : JournalContract
{
    private string? connectionString;

    protected override async Task<IOpenJournal> OpenAsync(int? queueLengthMax)
    {
        connectionString ??= await server.CreateDatabaseAsync();
        var source = NpgsqlDataSource.Create(connectionString);
        return new Open(await PostgresJournal.OpenAsync(new() { ConnectionString = connectionString, QueueLengthMax = queueLengthMax ?? 2048 }, source, Token), source);
    }

    protected override async Task<IAsyncDisposable> BlockCommitsAsync()
    {
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand("BEGIN; LOCK TABLE stream_head, snapshot IN EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync(Token);
        return connection;
    }

    protected override Task CommitStartedAsync() => Eventually.Async(() => ((Open)Opened).Postgres.BatchesTaken > 0, cancellationToken: Token);

    protected override async Task<long> EntriesStoredAsync()
    {
        await using var command = ((Open)Opened).Source.CreateCommand("SELECT count(*) FROM journal");
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

    protected override Task CleanUpAsync() => Task.CompletedTask;

    private sealed record Open(PostgresJournal Postgres, NpgsqlDataSource Source) : IOpenJournal
    {
        public IJournal Journal => Postgres;

        public async ValueTask DisposeAsync()
        {
            await Postgres.DisposeAsync();
            await Source.DisposeAsync();
        }
    }
}
