using System.Text.Json;
using MlopsGrains.Storage.Migrations;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.Storage.Tests.Postgres;

/// <summary>Each text of OrleansQuery, run with the parameters the providers give. The providers themselves run in the grains' tests.</summary>
public sealed class OrleansQueryTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly DateTime Then = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private NpgsqlDataSource source = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var database = await server.CreateDatabaseAsync();
        await StorageMigrator.MigratePostgresAsync(database, Token);
        source = NpgsqlDataSource.Create(database);
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();

    [Theory]
    [InlineData(null)]
    [InlineData("extension")]
    public async Task Storage_WritesReadsClearsAndDeletesByVersion(string? extension)
    {
        Assert.Empty(await StorageAsync("ReadFromStorageKey", extension));
        Assert.Equal([1], await StorageAsync("WriteToStorageKey", extension, null, [1]));
        Assert.Empty(await StorageAsync("WriteToStorageKey", extension, null, [9]));
        Assert.Equal([2], await StorageAsync("WriteToStorageKey", extension, 1, [2]));
        Assert.Empty(await StorageAsync("WriteToStorageKey", extension, 1, [9]));
        Assert.Equal(new byte[] { 2 }, (await StorageAsync("ReadFromStorageKey", extension)).Single());
        Assert.Empty(await StorageAsync("ReadFromStorageKey", extension is null ? "extension" : null));

        Assert.Equal([3], await StorageAsync("ClearStorageKey", extension, 2));
        Assert.Empty(await StorageAsync("ClearStorageKey", extension, 2));
        Assert.Equal(DBNull.Value, (await StorageAsync("ReadFromStorageKey", extension)).Single());
        Assert.Equal([4], await StorageAsync("DeleteStorageKey", extension, 3));
        Assert.Empty(await StorageAsync("ReadFromStorageKey", extension));
    }

    /// <summary>The trigger takes what a document carries in its first property, whatever else is in it, with each write that is done.</summary>
    [Fact]
    public async Task Storage_KeepsTheIntentsOfADocument()
    {
        byte[][] intents = [[0xfb, 0xef, 0xbe, 0xff, 0], "second"u8.ToArray()];
        var text = "\"AuditIntents\":[\"YQ==\"] \u0000 \\";
        Assert.Equal([1], await StorageAsync("WriteToStorageKey", null, null, JsonSerializer.SerializeToUtf8Bytes(new { AuditIntents = intents, Text = text, List = new[] { "]" } })));
        Assert.Equal([2], await StorageAsync("WriteToStorageKey", null, 1, JsonSerializer.SerializeToUtf8Bytes(new { Text = text })));
        Assert.Empty(await StorageAsync("WriteToStorageKey", null, 1, JsonSerializer.SerializeToUtf8Bytes(new { AuditIntents = intents })));
        Assert.Equal([3], await StorageAsync("WriteToStorageKey", null, 2, JsonSerializer.SerializeToUtf8Bytes(new { AuditIntents = intents[..1] })));
        Assert.Equal([4], await StorageAsync("ClearStorageKey", null, 3));

        await using var command = source.CreateCommand("SELECT payload FROM intent ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync(Token);
        var kept = new List<byte[]>();
        while (await reader.ReadAsync(Token))
        {
            kept.Add((byte[])reader[0]);
        }

        Assert.Equal([intents[0], intents[1], intents[0]], kept);
    }

    [Fact]
    public async Task Storage_CreatedByManyAtOnce_HasOneWinner()
    {
        var won = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => StorageAsync("WriteToStorageKey", null, null, [(byte)i])));

        Assert.Single(won, rows => rows.Count == 1);
    }

    [Fact]
    public async Task Membership_MovesMemberAndVersionTogether()
    {
        Assert.Equal([1], await MemberAsync("InsertMembershipVersionKey"));
        Assert.Equal([0], await MemberAsync("InsertMembershipVersionKey"));
        Assert.Equal(["d"], await MemberAsync("MembershipReadAllKey"));

        Assert.Equal([1], await MemberAsync("InsertMembershipKey", version: 0));
        Assert.Equal([0], await MemberAsync("InsertMembershipKey", version: 1));
        Assert.Equal([0], await MemberAsync("UpdateMembershipKey", version: 0));
        Assert.Equal([1], await MemberAsync("UpdateMembershipKey", version: 1));
        Assert.Equal([0], await MemberAsync("UpdateMembershipKey", version: 2, port: 5));
        Assert.Empty(await MemberAsync("UpdateIAmAlivetimeKey"));

        Assert.Equal(2, await ScalarAsync("SELECT version FROM orleansmembershipversiontable"));
        Assert.Equal(["d"], await MemberAsync("MembershipReadRowKey"));
        Assert.Equal(["127.0.0.1"], await MemberAsync("GatewaysQueryKey"));
        Assert.Empty(await MemberAsync("CleanupDefunctSiloEntriesKey", alive: Then.AddDays(1)));
        Assert.Equal(1L, await ScalarAsync("SELECT count(*) FROM orleansmembershiptable"));
        Assert.Empty(await MemberAsync("DeleteMembershipTableEntriesKey"));
        Assert.Empty(await MemberAsync("MembershipReadAllKey"));
    }

    [Fact]
    public async Task Reminders_AreUpsertedRangedAndDeleted()
    {
        Assert.Equal([0], await ReminderAsync("UpsertReminderRowKey", hash: -5));
        Assert.Equal([1], await ReminderAsync("UpsertReminderRowKey", hash: -5));
        Assert.Equal(["g"], await ReminderAsync("ReadReminderRowKey"));
        Assert.Equal(["g"], await ReminderAsync("ReadReminderRowsKey"));
        Assert.Equal(["g"], await ReminderAsync("ReadRangeRows1Key", begin: -6, end: -5));
        Assert.Empty(await ReminderAsync("ReadRangeRows1Key", begin: -5, end: 7));
        Assert.Equal(["g"], await ReminderAsync("ReadRangeRows2Key", begin: 7, end: -5));
        Assert.Empty(await ReminderAsync("ReadRangeRows2Key", begin: 7, end: -6));
        Assert.Equal([0], await ReminderAsync("DeleteReminderRowKey", version: 0));
        Assert.Equal([1], await ReminderAsync("DeleteReminderRowKey", version: 1));
        Assert.Empty(await ReminderAsync("DeleteReminderRowsKey"));
    }

    private Task<List<object>> StorageAsync(string key, string? extension, int? version = null, byte[]? payload = null) => RunAsync(key, new()
    {
        ["GrainIdHash"] = 1, ["GrainIdN0"] = 2L, ["GrainIdN1"] = 3L, ["GrainTypeHash"] = 4, ["GrainTypeString"] = "type",
        ["GrainIdExtensionString"] = extension, ["ServiceId"] = "service", ["GrainStateVersion"] = version, ["PayloadBinary"] = payload,
    });

    private Task<List<object>> MemberAsync(string key, int version = 0, int port = 1, DateTime? alive = null) => RunAsync(key, new()
    {
        ["DeploymentId"] = "d", ["Address"] = "127.0.0.1", ["Port"] = port, ["Generation"] = 2, ["SiloName"] = "silo", ["HostName"] = "host", ["Status"] = 3,
        ["ProxyPort"] = 4, ["SuspectTimes"] = null, ["StartTime"] = Then, ["IAmAliveTime"] = alive ?? Then, ["Version"] = version,
    });

    private Task<List<object>> ReminderAsync(string key, int hash = 0, int begin = 0, int end = 0, int version = 0) => RunAsync(key, new()
    {
        ["ServiceId"] = "service", ["GrainId"] = "g", ["ReminderName"] = "r", ["StartTime"] = Then, ["Period"] = 60_000L, ["GrainHash"] = hash,
        ["BeginHash"] = begin, ["EndHash"] = end, ["Version"] = version,
    });

    private async Task<List<object>> RunAsync(string key, Dictionary<string, object?> parameters)
    {
        var text = (string)await ScalarAsync($"SELECT querytext FROM OrleansQuery WHERE QueryKey = '{key}'");
        await using var command = source.CreateCommand(text);
        foreach (var (name, value) in parameters.Where(parameter => text.Contains('@' + parameter.Key, StringComparison.Ordinal)))
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        var first = new List<object>();
        await using var reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token))
        {
            first.Add(reader[0]);
        }

        return first;
    }

    private async Task<object> ScalarAsync(string sql)
    {
        await using var command = source.CreateCommand(sql);
        return (await command.ExecuteScalarAsync(Token))!;
    }
}
