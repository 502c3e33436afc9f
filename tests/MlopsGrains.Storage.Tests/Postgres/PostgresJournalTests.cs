using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Storage.Tests.Journals;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.Storage.Tests.Postgres;

public sealed class PostgresJournalTests(PostgresServer server) : SqlJournalContract
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

    protected override async Task ExecuteAsync(string sql)
    {
        await using var command = ((Open)Opened).Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    protected override Task CleanUpAsync() => Task.CompletedTask;

    [Fact]
    public async Task Payloads_HoldOrleansDocuments_OfManyPagesWithEqualKeys()
    {
        await using var insert = ((Open)Opened).Source.CreateCommand("""
            INSERT INTO orleansstorage (grainidhash, grainidn0, grainidn1, graintypehash, graintypestring, grainidextensionstring, serviceid, payloadbinary, modifiedon, version)
            SELECT 1, i % 3 - 1, 0, 1, 'type ' || i % 7, CASE WHEN i < 21 THEN NULL ELSE 'key ' || i END, 'service', CASE WHEN i % 100 = 99 THEN NULL ELSE convert_to(i::text, 'UTF8') END, now(), 1
            FROM generate_series(0, 1699) i
            """);
        await insert.ExecuteNonQueryAsync(Token);

        var texts = new List<string>();
        await foreach (var payload in ((Open)Opened).Postgres.ReadPayloadsAsync("no", Token))
        {
            texts.Add(System.Text.Encoding.UTF8.GetString(payload.Span));
        }

        Assert.Equal(Enumerable.Range(0, 1700).Where(i => i % 100 != 99).Select(i => $"{i}").Order(StringComparer.Ordinal), texts.Order(StringComparer.Ordinal));
    }

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
