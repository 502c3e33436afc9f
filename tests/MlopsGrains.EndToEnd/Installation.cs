using System.Text;
using System.Text.Json.Nodes;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.EndToEnd;

/// <summary>A server's place on one of the two engines: always the same address and data, and its storage as others see it while no server runs.</summary>
internal sealed class Installation : IDisposable
{
    public const string Sqlite = "sqlite";
    public const string Postgres = "postgres";

    // The next server is let in once the killed one has missed its signs of life; a test need not wait as long as by default.
    private static readonly Dictionary<string, string> FastRestart = new()
    {
        ["MLOPS_Membership__IAmAliveTablePublishTimeout"] = "00:00:01", ["MLOPS_Membership__ProbeTimeout"] = "00:00:01", ["MLOPS_Membership__NumMissedProbesLimit"] = "1",
    };

    private readonly TempDirectory directory = new();
    private readonly int port = FreePort.Next();
    private readonly string? connection;

    private Installation(string? connection) => this.connection = connection;

    public string Blobs => directory.File("blobs");

    public Uri Address => new($"http://127.0.0.1:{port}");

    private SqliteStorageOptions File => new() { Path = directory.File("mlops.db") };

    public static async Task<Installation> OfAsync(string engine, PostgresServer postgres) =>
        new(engine == Postgres ? await postgres.CreateDatabaseAsync() : null);

    public Task<ServerProcess> StartAsync(IReadOnlyDictionary<string, string> settings) => ServerProcess.StartAsync(
        connection is null ? ["--data", directory.Path] : ["--data", directory.Path, "--storage", "postgres", "--connection", connection],
        settings.Concat(FastRestart).ToDictionary(s => s.Key, s => s.Value),
        port);

    public async Task<T> ReadAsync<T>(Func<IJournal, Task<T>> read)
    {
        if (connection is null)
        {
            await using var store = await SqliteStore.OpenAsync(File);
            return await read(store);
        }

        await using var source = NpgsqlDataSource.Create(connection);
        await using var journal = await PostgresJournal.OpenAsync(new PostgresStorageOptions { ConnectionString = connection }, source);
        return await read(journal);
    }

    /// <summary>Changes the only stored document of a kind.</summary>
    public async Task ChangeDocumentAsync(string kind, string key, Action<JsonObject> change)
    {
        if (connection is null)
        {
            await using var store = await SqliteStore.OpenAsync(File);
            var record = await store.ReadAsync(kind, key) ?? throw new InvalidOperationException($"No document {kind} {key}.");
            Assert.NotNull(await store.WriteAsync(kind, key, record.Version, Changed(record.Payload!.Value.Span, change), []));
            return;
        }

        await using var source = NpgsqlDataSource.Create(connection);
        await using var read = source.CreateCommand("SELECT payloadbinary FROM orleansstorage WHERE graintypestring = $1");
        read.Parameters.Add(new() { Value = kind });
        var payload = (byte[])(await read.ExecuteScalarAsync() ?? throw new InvalidOperationException($"No document {kind}."));
        await using var write = source.CreateCommand("UPDATE orleansstorage SET payloadbinary = $2 WHERE graintypestring = $1");
        write.Parameters.Add(new() { Value = kind });
        write.Parameters.Add(new() { Value = Changed(payload, change) });
        Assert.Equal(1, await write.ExecuteNonQueryAsync());
    }

    public void Dispose() => directory.Dispose();

    private static byte[] Changed(ReadOnlySpan<byte> payload, Action<JsonObject> change)
    {
        var document = JsonNode.Parse(payload)!.AsObject();
        change(document);
        return Encoding.UTF8.GetBytes(document.ToJsonString());
    }
}
