using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using MlopsGrains.Storage.Blobs;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Storage.Records;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.Storage.Tests;

public sealed class RegistrationTests(PostgresServer server) : IDisposable
{
    private readonly TempDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Host_OpensStorageBeforeAndClosesItAfterItsServices()
    {
        var services = new ServiceCollection().AddLogging();

        // Registered first on purpose: storage must be open for it all the same.
        services.AddHostedService<LastWords>();
        services.AddSqliteStorage(options => options.Path = directory.File("journal.db"));
        services.AddFolderBlobs(options => options.Root = directory.File("blobs"));
        using (var host = Host(services))
        {
            await host.StartAsync(Token);
            Assert.Same(host.Services.GetRequiredService<IJournal>(), host.Services.GetRequiredService<IRecordStore>());
            await host.Services.GetRequiredService<IBlobStore>().WriteAsync(new MemoryStream([1]), 10, Token);
            await host.StopAsync(Token);
        }

        await using var store = await Storage.Sqlite.SqliteStore.OpenAsync(new() { Path = directory.File("journal.db") }, Token);
        Assert.Equal(["started", "stopped"], (await store.ReadAsync("life", Token)).Entries.Select(entry => Encoding.UTF8.GetString(entry.Span)));
    }

    [Fact]
    public async Task Host_WithPostgres_SharesOneDataSource()
    {
        var database = await server.CreateDatabaseAsync();
        var services = new ServiceCollection().AddLogging();
        services.AddHostedService<LastWords>();
        services.AddPostgresStorage(options => options.ConnectionString = database);
        using var host = Host(services);
        await host.StartAsync(Token);
        await host.StopAsync(Token);

        await using var command = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("SELECT version FROM stream_head WHERE stream = 'life'");
        Assert.Equal(2L, await command.ExecuteScalarAsync(Token));
    }

    /// <summary>It may have been frozen and not know; other members, and who is none, write on.</summary>
    [Fact]
    public async Task Postgres_TakesNothingFromAMemberThatWasDeclaredDead()
    {
        var database = await server.CreateDatabaseAsync();
        await using var frozen = await MemberAsync(7);
        await using var other = await MemberAsync(8);
        await using (var source = NpgsqlDataSource.Create(database))
        {
            var journal = frozen.GetRequiredService<IJournal>();
            Assert.True(await journal.AppendAsync("s", 0, [new byte[1]], Token));
            await using var evict = source.CreateCommand("""
                INSERT INTO orleansmembershipversiontable (deploymentid) VALUES ('a|b');
                INSERT INTO orleansmembershiptable (deploymentid, address, port, generation, siloname, hostname, status, starttime, iamalivetime)
                SELECT 'a|b', '10.0.0.1', 11111, generation, 'silo', 'host', CASE generation WHEN 7 THEN 6 ELSE 3 END, now(), now() FROM generate_series(7, 8) generation
                """);
            await evict.ExecuteNonQueryAsync(Token);

            Assert.Contains("went on without", (await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.AppendAsync("s", 1, [new byte[1]], Token))).Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.WriteSnapshotAsync("s", 1, new byte[1], cancellationToken: Token));
            await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.DeleteStreamAsync("s", Token));
            await using var document = frozen.GetRequiredService<NpgsqlDataSource>().CreateCommand("UPDATE orleansstorage SET version = 1");
            Assert.Equal("ML001", (await Assert.ThrowsAsync<PostgresException>(() => document.ExecuteNonQueryAsync(Token))).SqlState);
            Assert.True(await other.GetRequiredService<IJournal>().AppendAsync("s", 1, [new byte[1]], Token));
        }

        async Task<ServiceProvider> MemberAsync(int generation)
        {
            var services = new ServiceCollection().AddLogging().AddPostgresStorage(options =>
            {
                options.ConnectionString = database;
                options.Member = new("a|b", "10.0.0.1", 11111, generation);
            });
            var provider = services.BuildServiceProvider();
            await provider.GetRequiredService<PostgresJournal>().StartAsync(Token);
            return provider;
        }
    }

    /// <summary>A prepared plan outlives the time when the table was small.</summary>
    [Fact]
    public async Task Postgres_PlansNoScanOfAWholeTable_ThatIsSmallNow()
    {
        var database = await server.CreateDatabaseAsync();
        var services = new ServiceCollection().AddLogging();
        services.AddPostgresStorage(options => options.ConnectionString = database);
        using var host = Host(services);
        await host.StartAsync(Token);
        await host.Services.GetRequiredService<IJournal>().AppendAsync("s", 0, [new byte[1]], Token);
        var source = host.Services.GetRequiredService<NpgsqlDataSource>();
        await using var analyze = source.CreateCommand("ANALYZE journal");
        await analyze.ExecuteNonQueryAsync(Token);

        await using var explain = source.CreateCommand("EXPLAIN SELECT payload FROM journal WHERE id = 1");

        Assert.StartsWith("Index Scan", (string)(await explain.ExecuteScalarAsync(Token))!, StringComparison.Ordinal);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task Host_WithBadOptions_NamesEverySetting()
    {
        var services = new ServiceCollection().AddLogging();
        services.AddSqliteStorage(options => options.BatchLengthMax = 0);
        using var host = Host(services);

        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));

        Assert.Equal(2, refusal.Failures.Count());
        Assert.Contains(refusal.Failures, fault => fault.StartsWith("SqliteStorageOptions.Path", StringComparison.Ordinal));
        Assert.Contains(refusal.Failures, fault => fault.StartsWith("SqliteStorageOptions.BatchLengthMax must be 1 to 100000, was 0", StringComparison.Ordinal));
    }

    [Fact]
    public void PostgresOptions_NameEachFaultAndNoPassword()
    {
        var options = new Storage.Postgres.PostgresStorageOptions { ConnectionString = "Hos=x;Password=secret", Lanes = 0 };

        var faults = options.Faults().ToArray();

        Assert.Equal(2, faults.Length);
        Assert.DoesNotContain(faults, fault => fault.Contains("secret", StringComparison.Ordinal));
    }

    private static IHost Host(IServiceCollection services)
    {
        var builder = new HostBuilder().ConfigureServices(target =>
        {
            foreach (var service in services)
            {
                target.Add(service);
            }
        });
        return builder.Build();
    }

    private sealed class LastWords(IJournal journal) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => journal.AppendAsync("life", 0, [Encoding.UTF8.GetBytes("started")], cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => journal.AppendAsync("life", 1, [Encoding.UTF8.GetBytes("stopped")], cancellationToken);
    }
}
