using System.Text;
using CsCheck;
using Microsoft.Data.Sqlite;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Governance;
using MlopsGrains.Grains.Intents;
using MlopsGrains.Identity;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Governance;

/// <summary>The chain itself, and the grain over a silo and a database of their own, because damage is done to them.</summary>
public sealed class AuditChainTests
{
    private static readonly Gen<AuditEntry> Entries =
        Gen.Select(Gen.String[1, 20], Gen.String[1, 20], Gen.Dictionary(Gen.String[1, 5], Gen.String)[0, 4], (action, subject, detail) => new AuditEntry(action, subject, detail));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Chain_OfAnyEntriesInAnyBatches_VerifiesAndHasNoGaps() =>
        Entries.Array[1, 10].Array[1, 6].Sample(batches =>
        {
            var state = new AuditChainState();
            foreach (var batch in batches)
            {
                foreach (var e in AuditChainRules.Chain(state, [.. batch.Select(entry => new AuditIntent("ada", DateTimeOffset.UnixEpoch, entry))]))
                {
                    state.Apply(e);
                }
            }

            var verified = AuditHash.Verify(null, state.Tail);
            Assert.True(verified.Valid);
            Assert.Equal((state.Sequence, state.HeadHash), (verified.Events, verified.HeadHash));
        });

    [Fact]
    public void Chain_WithAnyEventChanged_BreaksThere() =>
        Gen.Select(Entries.Array[2, 12], Gen.Int[0, 1000]).Sample((entries, pick) =>
        {
            var state = new AuditChainState();
            AuditChainRules.Chain(state, [.. entries.Select(entry => new AuditIntent("ada", DateTimeOffset.UnixEpoch, entry))]).ForEach(state.Apply);
            var at = pick % entries.Length;
            state.Tail[at] = state.Tail[at] with { Subject = state.Tail[at].Subject + "!" };

            Assert.Equal(at + 1, AuditHash.Verify(null, state.Tail).BrokenAt);
        });

    [Fact]
    public async Task Append_ByThousands_KeepsOneChain_OverPagesAndARestart()
    {
        using var directory = new TempDirectory();
        const int Events = 5300;
        AuditVerification before;
        await using (var silo = await SiloFixture.StartAsync(directory.Path))
        {
            var chain = Chain(silo.Client);
            Actor.Current = "ada";
            var appended = await Task.WhenAll(Enumerable.Range(0, Events).Select(i => chain.Append(new AuditEntry("thing.changed", $"thing/{i}"), Token)));
            Assert.Equal(Enumerable.Range(1, Events).Select(i => (long)i), appended.Select(e => e.Sequence).Order());
            Assert.All(appended, e => Assert.Equal("ada", e.Actor));
            before = await chain.Verify(Token);
            Assert.Equal((true, Events), (before.Valid, (int)before.Events));
        }

        await using var again = await SiloFixture.StartAsync(directory.Path);
        Assert.Equal(before, await Chain(again.Client).Verify(Token));
        var page = await Chain(again.Client).Read(1990, 20, Token);
        Assert.Equal(Enumerable.Range(1991, 20).Select(i => (long)i), page.Items.Select(e => e.Sequence));
        Assert.Equal("2010", page.NextPageToken);
        var last = await Chain(again.Client).Read(Events - 3, 1000, Token);
        Assert.Equal((3, (string?)null), (last.Items.Count, last.NextPageToken));
        Assert.Equal(Events + 1, (await Chain(again.Client).Append(new AuditEntry("a", "b"), Token)).Sequence);
    }

    [Fact]
    public async Task Verify_NamesTheEventWhoseStoredByteWasChanged()
    {
        using var directory = new TempDirectory();
        await using var silo = await SiloFixture.StartAsync(directory.Path);
        var chain = Chain(silo.Client);
        await Task.WhenAll(Enumerable.Range(0, 1500).Select(i => chain.Append(new AuditEntry("thing.changed", "thing/secret"), Token)));
        Assert.True((await chain.Verify(Token)).Valid);

        await Overwrite(directory.File("mlops.db"), "audit-page/1", 437, "thing/secret", "thing/public");

        var verification = await chain.Verify(Token);
        Assert.Equal((false, 437L), (verification.Valid, verification.BrokenAt));
        Assert.Contains("hash", verification.Reason!, StringComparison.Ordinal);

        await Overwrite(directory.File("mlops.db"), "audit-page/1", 12, "\"subject\"", "\"subject\\");
        verification = await chain.Verify(Token);
        Assert.Equal((false, 12L), (verification.Valid, verification.BrokenAt));
    }

    [Theory]
    [InlineData(-1, 10, "after")]
    [InlineData(0, 0, "limit")]
    [InlineData(0, 1001, "limit")]
    public async Task Read_OutsideItsLimits_IsRefused(long after, int limit, string field)
    {
        using var directory = new TempDirectory();
        await using var silo = await SiloFixture.StartAsync(directory.Path);

        Assert.Equal(field, (await Assert.ThrowsAsync<MlopsException>(() => Chain(silo.Client).Read(after, limit, Token))).Field);
    }

    private static IAuditChainGrain Chain(IGrainFactory grains) => grains.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main);

    /// <summary>Does to the database what an intruder with a file editor would do, who takes the checksum away so that only the hash can tell.</summary>
    private static async Task Overwrite(string database, string stream, long version, string text, string other)
    {
        await using var connection = new SqliteConnection($"Data Source={database}");
        await connection.OpenAsync(Token);
        await using var find = connection.CreateCommand();
        find.CommandText = "SELECT payload FROM journal WHERE stream = (SELECT id FROM stream WHERE name = $stream) AND version = $version";
        find.Parameters.AddWithValue("$stream", stream);
        find.Parameters.AddWithValue("$version", version);
        var payload = Encoding.UTF8.GetString((byte[])(await find.ExecuteScalarAsync(Token))!);
        Assert.Contains(text, payload, StringComparison.Ordinal);
        await using var write = connection.CreateCommand();
        write.CommandText = "UPDATE journal SET payload = $payload, checksum = NULL WHERE stream = (SELECT id FROM stream WHERE name = $stream) AND version = $version";
        write.Parameters.AddWithValue("$stream", stream);
        write.Parameters.AddWithValue("$version", version);
        write.Parameters.AddWithValue("$payload", Encoding.UTF8.GetBytes(payload.Replace(text, other, StringComparison.Ordinal)));
        Assert.Equal(1, await write.ExecuteNonQueryAsync(Token));
    }
}
