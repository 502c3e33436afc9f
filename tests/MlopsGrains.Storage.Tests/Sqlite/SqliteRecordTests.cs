using System.Text;
using MlopsGrains.Storage.Records;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;

namespace MlopsGrains.Storage.Tests.Sqlite;

public sealed class SqliteRecordTests : IAsyncLifetime
{
    private readonly TempDirectory directory = new();
    private SqliteStore store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => store = await SqliteStore.OpenAsync(new() { Path = directory.File("records.db") }, Token);

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Write_NewThenAgain_CountsVersions()
    {
        Assert.Null(await store.ReadAsync("user", "a", Token));
        Assert.Equal(1, await WriteAsync("a", 0, "one"));
        Assert.Equal(2, await WriteAsync("a", 1, "two"));

        var record = await store.ReadAsync("user", "a", Token);

        Assert.Equal((2, "two"), (record!.Version, Encoding.UTF8.GetString(record.Payload!.Value.Span)));
        Assert.Null(await store.ReadAsync("other", "a", Token));
    }

    [Fact]
    public async Task Write_StaleVersion_IsRefused()
    {
        await WriteAsync("a", 0, "one");
        await WriteAsync("a", 1, "two");

        Assert.Null(await WriteAsync("a", 0, "x"));
        Assert.Null(await WriteAsync("a", 1, "x"));
        Assert.Null(await WriteAsync("a", 3, "x"));
        Assert.Null(await WriteAsync("new", 1, "x"));

        Assert.Equal("two", Encoding.UTF8.GetString((await store.ReadAsync("user", "a", Token))!.Payload!.Value.Span));
    }

    [Fact]
    public async Task Clear_KeepsTheVersion()
    {
        await WriteAsync("a", 0, "one");

        Assert.Equal(2, await store.WriteAsync("user", "a", 1, null, Token));

        Assert.Equal(new StoredRecord(2, null), await store.ReadAsync("user", "a", Token));
        Assert.Null(await WriteAsync("a", 0, "x"));
        Assert.Equal(3, await WriteAsync("a", 2, ""));
        Assert.Equal(0, (await store.ReadAsync("user", "a", Token))!.Payload!.Value.Length);
    }

    [Fact]
    public async Task ConcurrentWriters_EachVersionHasOneWinner()
    {
        var won = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => WriteAsync("a", 0, $"{i}")));

        Assert.Single(won, version => version == 1);
        Assert.Equal(31, won.Count(version => version is null));
    }

    [Fact]
    public async Task OutsideTheLimits_NamesTheLimit()
    {
        var key = await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync(new string('k', 513), 0, "x"));
        var payload = await Assert.ThrowsAsync<ArgumentException>(() => store.WriteAsync("user", "a", 0, new byte[RecordLimits.PayloadBytesMax + 1], Token));

        Assert.Contains("key has 513", key.Message, StringComparison.Ordinal);
        Assert.Contains("33554432", payload.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => store.ReadAsync("", "a", Token));
    }

    private Task<long?> WriteAsync(string key, long expectedVersion, string payload) =>
        store.WriteAsync("user", key, expectedVersion, Encoding.UTF8.GetBytes(payload), Token);
}
