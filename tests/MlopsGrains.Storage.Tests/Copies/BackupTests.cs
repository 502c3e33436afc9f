using System.Text;
using MlopsGrains.Storage.Blobs;
using MlopsGrains.Storage.Copies;
using MlopsGrains.Storage.Integrity;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Marks;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.Storage.Tests.Copies;

/// <summary>Backups taken while something writes; then the original is destroyed.</summary>
public sealed class BackupTests(PostgresServer server) : IDisposable
{
    private readonly TempDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Blobs => directory.File("data/blobs");

    private string Copy => directory.File("copy");

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Sqlite_TakenUnderWrites_RestoresEverythingAcknowledgedBefore()
    {
        var database = directory.File("data/mlops.db");
        var options = new SqliteStorageOptions { Path = database };
        options.Marks.Folder = directory.File("data/blobs/marks");
        string blob;
        await using (var store = await SqliteStore.OpenAsync(options, Token))
        {
            blob = await FillAsync(store);
            await store.WriteAsync("kind", "key", 0, "{}"u8.ToArray(), Token);
            await using var writes = Writes.To(store);
            var backup = await StorageBackup.SqliteAsync(database, Blobs, Copy, Token);
            Assert.Empty(backup.Damage);
            Assert.Equal(1, backup.Manifest.Blobs);
        }

        foreach (var file in Directory.GetFiles(directory.File("data"), "mlops.db*"))
        {
            await File.WriteAllTextAsync(file, "destroyed", Token);
        }

        Directory.Delete(Path.Combine(Blobs, blob[..2]), recursive: true);
        await Assert.ThrowsAsync<StorageRefusedException>(() => StorageBackup.RestoreSqliteAsync(Copy, database, Blobs, options.Marks.Folder, replace: false, Token));
        await StorageBackup.RestoreSqliteAsync(Copy, database, Blobs, options.Marks.Folder, replace: true, Token);

        Assert.Empty((await StorageCheck.SqliteAsync(database, Blobs, options.Marks, Token)).Damage);
        await using var restored = await SqliteStore.OpenAsync(options, Token);
        await AssertFilledAsync(restored, blob);
        Assert.NotNull((await restored.ReadAsync("kind", "key", Token))!.Payload);
    }

    [Fact]
    public async Task Postgres_TakenUnderWrites_RestoresEverythingAcknowledgedBefore()
    {
        var database = await server.CreateDatabaseAsync();
        string blob;
        await using (var source = NpgsqlDataSource.Create(database))
        await using (var journal = await PostgresJournal.OpenAsync(new() { ConnectionString = database }, source, Token))
        {
            blob = await FillAsync(journal);
            await using var document = source.CreateCommand("""
                INSERT INTO orleansstorage (grainidhash, grainidn0, grainidn1, graintypehash, graintypestring, serviceid, version, modifiedon, payloadbinary)
                VALUES (1, 1, 1, 1, 'document', 'service', 1, now(), convert_to('{"AuditIntents":["b2YgdGhlIGRvY3VtZW50"]}', 'UTF8'))
                """);
            await document.ExecuteNonQueryAsync(Token);
            await using var writes = Writes.To(journal);
            Assert.Empty((await StorageBackup.PostgresAsync(database, Blobs, Copy, Token)).Damage);
        }

        var other = await server.CreateDatabaseAsync();
        var blobs = directory.File("other/blobs");
        await StorageBackup.RestorePostgresAsync(Copy, other, blobs, null, replace: false, Token);
        await Assert.ThrowsAsync<StorageRefusedException>(() => StorageBackup.RestorePostgresAsync(Copy, other, blobs, null, replace: false, Token));
        await StorageBackup.RestorePostgresAsync(Copy, other, blobs, null, replace: true, Token);

        var report = await StorageCheck.PostgresAsync(other, blobs, new MarkOptions(), Token);
        Assert.Empty(report.Damage);
        Assert.Equal(1, report.Blobs);
        Directory.Delete(Blobs, recursive: true);
        Directory.Move(blobs, Blobs);
        await using var otherSource = NpgsqlDataSource.Create(other);
        await using var restored = await PostgresJournal.OpenAsync(new() { ConnectionString = other }, otherSource, Token);
        await AssertFilledAsync(restored, blob, "of the document");
    }

    [Fact]
    public async Task DamagedBackup_IsNotRestored()
    {
        var database = directory.File("data/mlops.db");
        await using (var store = await SqliteStore.OpenAsync(new() { Path = database }, Token))
        {
            await FillAsync(store);
            await StorageBackup.SqliteAsync(database, Blobs, Copy, Token);
        }

        Assert.InRange(FlippedBits.In(Path.Combine(Copy, "mlops.db"), "first of run", 7), 1, 100);

        var refused = await Assert.ThrowsAsync<StorageRefusedException>(() => StorageBackup.RestoreSqliteAsync(Copy, directory.File("new/mlops.db"), Blobs, null, false, Token));
        Assert.Contains("The backup is damaged: mlops.db", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostgresOlderThanItsMark_IsRefusedByName_AndRestoreSettlesIt()
    {
        var options = new PostgresStorageOptions { ConnectionString = await server.CreateDatabaseAsync() };
        options.Marks.Folder = directory.File("marks");
        options.Marks.Watched.Add("audit-chain/");
        await using (var source = NpgsqlDataSource.Create(options.ConnectionString))
        {
            await using (var journal = await PostgresJournal.OpenAsync(options, source, Token))
            {
                await FillAsync(journal);
            }

            await StorageBackup.PostgresAsync(options.ConnectionString, Blobs, Copy, Token);
            await using (var journal = await PostgresJournal.OpenAsync(options, source, Token))
            {
                Assert.True(await journal.AppendAsync("run/1", 3, ["later"u8.ToArray()], Token));
            }

            await using var back = source.CreateCommand("UPDATE stream_head SET version = 3, entry = before WHERE stream = 'run/1'");
            Assert.Equal(1, await back.ExecuteNonQueryAsync(Token));
            var refused = await Assert.ThrowsAsync<StorageRefusedException>(() => PostgresJournal.OpenAsync(options, source, Token));
            Assert.Contains("stream 'run/1' is damaged at version 4 to 4", refused.Message, StringComparison.Ordinal);
            Assert.Single((await StorageCheck.PostgresAsync(options.ConnectionString, null, options.Marks, Token)).Damage);

            await StorageBackup.RestorePostgresAsync(Copy, options.ConnectionString, Blobs, options.Marks.Folder, replace: true, Token);
            await using var again = await PostgresJournal.OpenAsync(options, source, Token);
        }
    }

    private async Task<string> FillAsync(IJournal journal)
    {
        for (var i = 0; i < 20; i++)
        {
            Assert.True(await journal.AppendAsync($"run/{i}", 0, [Encoding.UTF8.GetBytes($"first of run {i}"), "second"u8.ToArray()], Token));
        }

        Assert.True(await journal.AppendAsync("run/1", 2, ["third"u8.ToArray()], new AppendOptions(Intents: ["of run 1"u8.ToArray()]), Token));
        await journal.WriteSnapshotAsync("run/0", 1, "state"u8.ToArray(), [new("loss", 0, "points"u8.ToArray())], Token);
        var blobs = new FolderBlobStore(new() { Root = Blobs });
        return (await blobs.WriteAsync(new MemoryStream("bytes of a blob"u8.ToArray()), 1000, Token)).Digest;
    }

    private async Task AssertFilledAsync(IJournal journal, string blob, params string[] moreIntents)
    {
        Assert.Equal(["of run 1", .. moreIntents], (await journal.ReadIntentsAsync(10, Token)).Select(intent => Encoding.UTF8.GetString(intent.Payload.Span)));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(i == 1 ? 3 : 2, (await journal.ReadAsync($"run/{i}", Token)).Version);
        }

        Assert.Single(await journal.ReadChunksAsync("run/0", "loss", 0, 10, Token));
        Assert.True(await journal.AppendAsync("run/3", 2, ["after"u8.ToArray()], Token));
        await using var content = await new FolderBlobStore(new() { Root = Blobs }).OpenReadAsync(blob, Token);
        Assert.NotNull(content);
    }

    /// <summary>Someone who writes all the time.</summary>
    private sealed class Writes : IAsyncDisposable
    {
        private readonly CancellationTokenSource ending = new();
        private readonly Task writing;

        private Writes(IJournal journal) => writing = Task.Run(async () =>
        {
            for (var version = 0L; !ending.IsCancellationRequested; version++)
            {
                await journal.AppendAsync("busy", version, [new byte[1000]], CancellationToken.None);
            }
        });

        public static Writes To(IJournal journal) => new(journal);

        public async ValueTask DisposeAsync()
        {
            await ending.CancelAsync();
            await writing;
            ending.Dispose();
        }
    }
}
