using Microsoft.Data.Sqlite;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;

namespace MlopsGrains.Storage.Tests.Sqlite;

public sealed class SqliteFailureTests : IDisposable
{
    private readonly TempDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task FullDatabase_FailsTheBatchAndTheWriterGoesOn()
    {
        await using var store = await SqliteStore.OpenAsync(new() { Path = directory.File("journal.db"), PagesMax = 64 }, Token);
        Assert.True(await store.AppendAsync("s", 0, [new byte[100]], Token));

        var full = await Assert.ThrowsAsync<JournalUnavailableException>(() => store.AppendAsync("s", 1, [new byte[1 << 20]], Token));

        Assert.Contains("nothing of it was stored", full.Message, StringComparison.Ordinal);
        Assert.Contains("full", full.Message, StringComparison.Ordinal);
        Assert.True(await store.AppendAsync("s", 1, [new byte[200]], Token));
        Assert.Equal([100, 200], (await store.ReadAsync("s", Token)).Entries.Select(entry => entry.Length));
    }

    [Fact]
    public async Task LockHeldTooLong_FailsTheBatchAndTheWriterGoesOn()
    {
        await using var store = await OpenAsync();
        await using (var other = new SqliteConnection($"Data Source={directory.File("journal.db")};Pooling=False"))
        {
            await other.OpenAsync(Token);
            using var command = new SqliteCommand("BEGIN IMMEDIATE", other);
            await command.ExecuteNonQueryAsync(Token);

            await Assert.ThrowsAsync<JournalUnavailableException>(() => store.AppendAsync("s", 0, [new byte[1]], Token));
        }

        Assert.True(await store.AppendAsync("s", 0, [new byte[1]], Token));
    }

    [Fact]
    public async Task Bytes_BoundTheQueue_ButOneLargeAppendPasses()
    {
        await using var store = await SqliteStore.OpenAsync(new() { Path = directory.File("journal.db"), QueueBytesMax = 1 << 20 }, Token);
        Assert.True(await store.AppendAsync("large", 0, [new byte[8 << 20]], Token));
        await using var other = new SqliteConnection($"Data Source={directory.File("journal.db")};Pooling=False");
        await other.OpenAsync(Token);
        using var command = new SqliteCommand("BEGIN IMMEDIATE", other);
        await command.ExecuteNonQueryAsync(Token);

        var first = store.AppendAsync("s", 0, [new byte[1_000_000]], Token);
        var full = await Assert.ThrowsAsync<JournalFullException>(() => store.AppendAsync("t", 0, [new byte[100_000]], Token));

        Assert.Contains("QueueBytesMax 1048576", full.Message, StringComparison.Ordinal);
        using var release = new SqliteCommand("ROLLBACK", other);
        await release.ExecuteNonQueryAsync(Token);
        Assert.True(await first);
    }

    [Fact]
    public async Task DamagedHistory_IsNotRead()
    {
        await using var store = await OpenAsync();
        await store.AppendAsync("s", 0, [new byte[1], new byte[1], new byte[1]], Token);
        await using var other = new SqliteConnection($"Data Source={directory.File("journal.db")};Pooling=False");
        await other.OpenAsync(Token);
        using var command = new SqliteCommand("DELETE FROM journal WHERE version = 2", other);
        await command.ExecuteNonQueryAsync(Token);

        var damage = await Assert.ThrowsAsync<StoredDamageException>(() => store.ReadAsync("s", Token));

        Assert.Contains("is damaged at version 2: its entry is missing", damage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_NameEachFault()
    {
        var faults = Assert.Throws<Microsoft.Extensions.Options.OptionsValidationException>(() => new SqliteStore(new() { Path = " ", QueueLengthMax = 0, ReadConnections = 65 }));

        Assert.Equal(3, faults.Failures.Count());
        Assert.Contains("QueueLengthMax must be 1 to 1000000, was 0", faults.Failures);
    }

    [Fact]
    public async Task NotStarted_SaysSo()
    {
        await using var store = new SqliteStore(new() { Path = directory.File("journal.db") });

        await Assert.ThrowsAsync<InvalidOperationException>(() => store.ReadAsync("s", Token));
    }

    private Task<SqliteStore> OpenAsync() =>
        SqliteStore.OpenAsync(new() { Path = directory.File("journal.db"), BusyTimeout = TimeSpan.FromMilliseconds(200) }, Token);
}
