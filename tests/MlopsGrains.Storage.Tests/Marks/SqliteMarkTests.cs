using System.Text;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Integrity;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;

namespace MlopsGrains.Storage.Tests.Marks;

/// <summary>A database that lost what it had acknowledged does not open in silence. What a power cut leaves (file and log) is copied from a live store, as SIGKILL would leave it.</summary>
public sealed class SqliteMarkTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Database => directory.File("mlops.db");

    private string MarkFolder => directory.File("blobs/marks");

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task WholeDatabase_PassesItsMark_AndGoesOn()
    {
        await using (var store = await OpenAsync())
        {
            await FillAsync(store, 5);
            await store.DeleteStreamAsync("run/1", Token);
            await store.WriteAsync("kind", "key", 0, "{}"u8.ToArray(), Token);
        }

        await using var again = await OpenAsync();
        Assert.True(await again.AppendAsync("run/2", 3, ["more"u8.ToArray()], Token));
    }

    [Fact]
    public async Task LogDamagedInTheMiddle_IsRefusedByName_AndTheLogIsKept()
    {
        await CrashAsync(wal =>
        {
            var random = new Random(Seed());
            wal[(wal.Length / 3) + random.Next(wal.Length / 3)] ^= (byte)(1 << random.Next(8));
            return wal;
        });

        var refused = await Assert.ThrowsAsync<StorageRefusedException>(OpenAsync);

        Assert.Contains("older than what was acknowledged", refused.Message, StringComparison.Ordinal);
        Assert.Contains("stream 'audit-chain/main' is damaged at version", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--accept-loss", refused.Message, StringComparison.Ordinal);
        Assert.Contains("frame", refused.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(directory.Path, "mlops.db-wal.damaged-*"));
    }

    [Fact]
    public async Task LogThatIsGone_IsRefused_AndCanBeAccepted()
    {
        await CrashAsync(_ => []);
        var refused = await Assert.ThrowsAsync<StorageRefusedException>(OpenAsync);
        Assert.Contains("writes were acknowledged", refused.Message, StringComparison.Ordinal);

        var damage = new DamageList();
        await using (var store = new SqliteStore(Options(acceptLoss: true), damage: damage))
        {
            await store.StartAsync(Token);
            Assert.NotEmpty(damage.Items);
            await FillAsync(store, 2);
        }

        await using var again = await OpenAsync();
    }

    [Fact]
    public async Task NewDatabaseBesideOldMarks_IsRefused()
    {
        await using (var store = await OpenAsync())
        {
            await FillAsync(store, 2);
        }

        foreach (var file in Directory.GetFiles(directory.Path, "mlops.db*"))
        {
            File.Delete(file);
        }

        Assert.Contains("is empty, but the marks", (await Assert.ThrowsAsync<StorageRefusedException>(OpenAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DamagedMark_IsReported_AndHoldsNothingUp()
    {
        await using (var store = await OpenAsync())
        {
            await FillAsync(store, 2);
        }

        Assert.Equal(1, FlippedBits.In(Directory.GetFiles(MarkFolder, "*.mark").Single(), "run/1", Seed()));
        var damage = new DamageList();
        await using var again = new SqliteStore(Options(), damage: damage);
        await again.StartAsync(Token);

        Assert.Equal("mark", Assert.Single(damage.Items).Place);
    }

    [Fact]
    public async Task Check_ReadsAStoppedFolder_NamesEverything_AndChangesNothing()
    {
        await using (var store = await OpenAsync())
        {
            await FillAsync(store, 5);
            await store.AppendAsync("run/bad", 0, ["marked-for-damage"u8.ToArray()], Token);
            await store.WriteAsync("kind", "bad", 0, JsonSeal.Add("""{"text":"marked-for-damage"}"""u8), Token);
            await store.WriteAsync("kind", "good", 0, JsonSeal.Add("""{"text":"fine"}"""u8), Token);
        }

        var whole = await StorageCheck.SqliteAsync(Database, null, Options().Marks, Token);
        Assert.Empty(whole.Damage);
        Assert.Equal((7, 17, 2, 0), (whole.Streams, whole.Entries, whole.Documents, whole.WithoutChecksum));
        Assert.Equal(2, FlippedBits.In(Database, "marked-for-damage", Seed()));
        var before = File.ReadAllBytes(Database);

        var report = await StorageCheck.SqliteAsync(Database, null, Options().Marks, Token);

        Assert.Equal(["document kind/bad ", "stream run/bad version 1"], report.Damage.Select(one => one.Key));
        Assert.Equal(before, File.ReadAllBytes(Database));
    }

    private Task<SqliteStore> OpenAsync() => SqliteStore.OpenAsync(Options(), Token);

    private SqliteStorageOptions Options(bool acceptLoss = false)
    {
        var options = new SqliteStorageOptions { Path = Database };
        (options.Marks.Folder, options.Marks.AcceptLoss) = (MarkFolder, acceptLoss);
        options.Marks.Watched.Add("audit-chain/");
        return options;
    }

    private static async Task FillAsync(SqliteStore store, int streams)
    {
        var audit = (await store.ReadAsync("audit-chain/main", Token)).Version;
        for (var i = 1; i <= streams; i++)
        {
            var version = (await store.ReadAsync($"run/{i}", Token)).Version;
            Assert.True(await store.AppendAsync($"run/{i}", version, ["a"u8.ToArray(), "b"u8.ToArray()], Token));
            Assert.True(await store.AppendAsync("audit-chain/main", audit++, [Encoding.UTF8.GetBytes($"event {audit}")], Token));
        }

        if (audit == streams)
        {
            Assert.True(await store.AppendAsync("run/2", 2, ["c"u8.ToArray()], Token));
        }
    }

    private int Seed()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        return seed;
    }

    /// <summary>Writes, waits for the mark, and leaves database and log as a killed process would, the log changed.</summary>
    private async Task CrashAsync(Func<byte[], byte[]> damage)
    {
        await using (var store = await OpenAsync())
        {
            await FillAsync(store, 40);
            await Eventually.Async(() => Directory.Exists(MarkFolder) && Directory.GetFiles(MarkFolder, "*.mark").Any(file => File.ReadAllText(file).Contains("run/40", StringComparison.Ordinal)), cancellationToken: Token);
            foreach (var file in Directory.GetFiles(directory.Path, "mlops.db*").Where(file => !file.EndsWith("-shm", StringComparison.Ordinal)))
            {
                File.WriteAllBytes(file + ".crash", ReadShared(file));
            }
        }

        foreach (var file in Directory.GetFiles(directory.Path, "mlops.db*").Where(file => !file.EndsWith(".crash", StringComparison.Ordinal)))
        {
            File.Delete(file);
        }

        foreach (var file in Directory.GetFiles(directory.Path, "*.crash"))
        {
            File.Move(file, file[..^".crash".Length]);
        }

        var wal = File.ReadAllBytes(Database + "-wal");
        File.WriteAllBytes(Database + "-wal", damage(wal));
    }

    private static byte[] ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
