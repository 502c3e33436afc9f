using System.Diagnostics;
using System.Globalization;
using System.Text;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.Storage.Tests.Crash;

/// <summary>A process is killed in the middle of its appends, three times over: what it acknowledged is there, once, without holes.</summary>
public sealed class CrashTests(PostgresServer server)
{
    private const int Kills = 3;
    private const int AcknowledgementsPerLife = 1500;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sqlite_KilledWriter_LosesNothingAcknowledged()
    {
        using var directory = new TempDirectory();
        var file = directory.File("journal.db");
        for (var life = 0; life < Kills; life++)
        {
            var acknowledged = await LiveAndDieAsync("sqlite", file);
            await using var store = await SqliteStore.OpenAsync(new() { Path = file }, Token);
            await AssertKeptAsync(store, acknowledged);
        }
    }

    [Fact]
    public async Task Postgres_KilledWriter_LosesNothingAcknowledged()
    {
        var database = await server.CreateDatabaseAsync();
        for (var life = 0; life < Kills; life++)
        {
            var acknowledged = await LiveAndDieAsync("postgres", database);
            await using var source = NpgsqlDataSource.Create(database);
            await using var journal = await PostgresJournal.OpenAsync(new() { ConnectionString = database }, source, Token);
            await AssertKeptAsync(journal, acknowledged);
        }
    }

    internal static async Task AssertKeptAsync(IJournal journal, IReadOnlyDictionary<string, long> acknowledged)
    {
        foreach (var (stream, version) in acknowledged)
        {
            var slice = await journal.ReadAsync(stream, Token);
            Assert.True(slice.Version >= version, $"{stream}: version {version} was acknowledged, {slice.Version} is stored");
            if (slice.Snapshot is { } snapshot)
            {
                Assert.Equal($"{slice.SnapshotVersion}", Encoding.UTF8.GetString(snapshot.Span));
                var chunks = await journal.ReadChunksAsync(stream, "versions", 0, JournalLimits.ListMax, Token);
                Assert.Equal($"{slice.SnapshotVersion}", Encoding.UTF8.GetString(chunks[^1].Span));
            }

            Assert.Equal(
                Enumerable.Range(1, slice.Entries.Count).Select(k => $"{stream}/{slice.SnapshotVersion + k}"),
                slice.Entries.Select(entry => Encoding.UTF8.GetString(entry.Span)));
        }
    }

    private static async Task<Dictionary<string, long>> LiveAndDieAsync(string engine, string database)
    {
        using var child = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "MlopsGrains.Storage.CrashChild.dll"), engine, database])
        {
            RedirectStandardOutput = true,
        })!;
        var acknowledged = new Dictionary<string, long>();
        var lines = 0;
        while (await child.StandardOutput.ReadLineAsync(Token) is { } line)
        {
            if (++lines == AcknowledgementsPerLife)
            {
                child.Kill();
            }

            // The kill may have cut the last line short; what is left of a number is a smaller number, so still true.
            if (line.Split(' ') is [var stream, var text] && long.TryParse(text, CultureInfo.InvariantCulture, out var version))
            {
                acknowledged[stream] = Math.Max(version, acknowledged.GetValueOrDefault(stream));
            }
        }

        await child.WaitForExitAsync(Token);
        Assert.True(lines >= AcknowledgementsPerLife, $"the child ended after {lines} lines");
        return acknowledged;
    }
}
