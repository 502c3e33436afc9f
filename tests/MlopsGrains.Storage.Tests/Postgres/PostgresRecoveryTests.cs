using System.Collections.Concurrent;
using System.Text;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Storage.Tests.Crash;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.Storage.Tests.Postgres;

public sealed class PostgresRecoveryTests(PostgresServer server) : IAsyncLifetime
{
    private string direct = "";
    private CuttingProxy proxy = null!;
    private NpgsqlDataSource source = null!;
    private PostgresJournal journal = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        direct = await server.CreateDatabaseAsync();
        var target = new NpgsqlConnectionStringBuilder(direct);
        proxy = new CuttingProxy(target.Port);
        target.Port = proxy.Port;
        source = NpgsqlDataSource.Create(target.ConnectionString);
        journal = await PostgresJournal.OpenAsync(new() { ConnectionString = target.ConnectionString, Lanes = 1 }, source, Token);
        Assert.True(await AppendAsync("s", 0, "s/1"));
    }

    public async ValueTask DisposeAsync()
    {
        await journal.DisposeAsync();
        await source.DisposeAsync();
        await proxy.DisposeAsync();
    }

    [Fact]
    public async Task ConnectionCutAfterTheCommit_IsAnsweredTrueAndStoredOnce()
    {
        proxy.CutAtNextReply();

        Assert.True(await AppendAsync("s", 1, "s/2", "s/3"));

        Assert.Equal(1, proxy.Cuts);
        await AssertStoredAsync("s", 3);
        Assert.True(await AppendAsync("s", 3, "s/4"));
    }

    [Fact]
    public async Task ConnectionCutBeforeTheRequestArrived_IsRepeated()
    {
        proxy.CutAtNextRequest();

        Assert.True(await AppendAsync("s", 1, "s/2"));

        Assert.Equal(1, proxy.Cuts);
        await AssertStoredAsync("s", 2);
    }

    [Fact]
    public async Task ConnectionCutAfterALoss_IsStillALoss()
    {
        proxy.CutAtNextReply();

        Assert.False(await AppendAsync("s", 0, "x"));

        await AssertStoredAsync("s", 1);
    }

    [Fact]
    public async Task FirstAttemptStillRunning_WhenRepeated_IsAnsweredTrueAndStoredOnce()
    {
        await using var blocker = new NpgsqlConnection(direct);
        await blocker.OpenAsync(Token);
        await using var block = new NpgsqlCommand("BEGIN; LOCK TABLE stream_head IN EXCLUSIVE MODE", blocker);
        await block.ExecuteNonQueryAsync(Token);
        var append = AppendAsync("s", 1, "s/2");
        await WaitingBackendsAsync(1);

        proxy.CutClients();
        await WaitingBackendsAsync(2);
        await using var release = new NpgsqlCommand("COMMIT", blocker);
        await release.ExecuteNonQueryAsync(Token);

        Assert.True(await append);
        await AssertStoredAsync("s", 2);
    }

    [Fact]
    public async Task OtherWriterTruncatedMeanwhile_TheUnknownIsSaid()
    {
        var other = NpgsqlDataSource.Create(direct);
        await using var second = await PostgresJournal.OpenAsync(new() { ConnectionString = direct }, other, Token);
        await using var blocker = new NpgsqlConnection(direct);
        await blocker.OpenAsync(Token);
        await using var block = new NpgsqlCommand("BEGIN; LOCK TABLE stream_head IN EXCLUSIVE MODE", blocker);
        await block.ExecuteNonQueryAsync(Token);
        var append = AppendAsync("s", 1, "s/2");
        await WaitingBackendsAsync(1);
        proxy.CutClients();
        await WaitingBackendsAsync(2);

        // In one transaction with the lock: what another writer's append and snapshot would leave.
        await using var overtake = new NpgsqlCommand(
            "UPDATE stream_head SET version = 2 WHERE stream = 's'; DELETE FROM journal; INSERT INTO snapshot VALUES ('s', 2, 'x'); COMMIT", blocker);
        await overtake.ExecuteNonQueryAsync(Token);

        var unknown = await Assert.ThrowsAsync<JournalUnavailableException>(() => append);
        Assert.Contains("not known", unknown.Message, StringComparison.Ordinal);
        await other.DisposeAsync();
    }

    [Fact]
    public async Task ServerGone_CallersAreToldAfterTheTimeout()
    {
        var nowhere = $"Host=127.0.0.1;Port={FreePort.Next()};Username=x;Timeout=1";
        await using var dead = NpgsqlDataSource.Create(nowhere);
        var started = await Assert.ThrowsAnyAsync<NpgsqlException>(() => PostgresJournal.OpenAsync(new() { ConnectionString = nowhere }, dead, Token));
        Assert.NotNull(started);

        var gone = new NpgsqlConnectionStringBuilder(direct) { Port = proxy.Port };
        await using var cut = NpgsqlDataSource.Create(gone.ConnectionString);
        await using var impatient = await PostgresJournal.OpenAsync(new() { ConnectionString = gone.ConnectionString, RecoveryTimeout = TimeSpan.Zero }, cut, Token);
        Assert.True(await impatient.AppendAsync("t", 0, [new byte[1]], Token));
        proxy.CutAtNextRequest();

        var failure = await Assert.ThrowsAsync<JournalUnavailableException>(() => impatient.AppendAsync("t", 1, [new byte[1]], Token));

        Assert.Contains("not known", failure.Message, StringComparison.Ordinal);
        Assert.True(await impatient.AppendAsync("t", 1, [new byte[1]], Token));
    }

    [Fact]
    public async Task ServerKilledAndRestarted_UnderLoad_KeepsWhatWasAcknowledged()
    {
        await using var mortal = new PostgresServer();
        await mortal.InitializeAsync();
        var database = await mortal.CreateDatabaseAsync();
        await using var data = NpgsqlDataSource.Create(database);
        await using var loaded = await PostgresJournal.OpenAsync(new() { ConnectionString = database, RecoveryTimeout = TimeSpan.FromMinutes(1) }, data, Token);
        var acknowledged = new ConcurrentDictionary<string, long>();
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 32).Select(writer => Task.Run(async () =>
        {
            var stream = $"s{writer}";
            for (var version = 0L; !enough.IsCancellationRequested; version++)
            {
                // One writer a stream: a false here would be an answer about its own, stored entry.
                Assert.True(await loaded.AppendAsync(stream, version, [Encoding.UTF8.GetBytes($"{stream}/{version + 1}")], Token));
                acknowledged[stream] = version + 1;
            }
        })).ToArray();

        for (var kill = 0; kill < 2; kill++)
        {
            var before = acknowledged.Values.Sum();
            await Eventually.Async(() => acknowledged.Values.Sum() > before + 500, cancellationToken: Token);
            await mortal.KillAsync();
            await mortal.StartAsync();
        }

        var last = acknowledged.Values.Sum();
        await Eventually.Async(() => acknowledged.Values.Sum() > last + 500, cancellationToken: Token);
        await enough.CancelAsync();
        await Task.WhenAll(writers);

        await CrashTests.AssertKeptAsync(loaded, acknowledged);
    }

    private Task<bool> AppendAsync(string stream, long expectedVersion, params string[] entries) =>
        journal.AppendAsync(stream, expectedVersion, [.. entries.Select(entry => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(entry))], Token);

    private async Task AssertStoredAsync(string stream, int version)
    {
        await using var check = NpgsqlDataSource.Create(direct);
        await using var fresh = await PostgresJournal.OpenAsync(new() { ConnectionString = direct }, check, Token);
        Assert.Equal(
            Enumerable.Range(1, version).Select(k => $"{stream}/{k}"),
            (await fresh.ReadAsync(stream, Token)).Entries.Select(entry => Encoding.UTF8.GetString(entry.Span)));
    }

    private async Task WaitingBackendsAsync(int count)
    {
        await using var watch = NpgsqlDataSource.Create(direct);
        await Eventually.Async(
            async () =>
            {
                await using var command = watch.CreateCommand("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
                return (long)(await command.ExecuteScalarAsync(Token))! >= count;
            },
            cancellationToken: Token);
    }
}
