using System.Text;
using CsCheck;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Governance;
using MlopsGrains.Grains.Intents;
using MlopsGrains.Grains.Tests.Journaling;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
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

    [Theory]
    [InlineData(null, null, null, 3)]
    [InlineData("ada", null, null, 2)]
    [InlineData(null, "run.", null, 2)]
    [InlineData(null, "run", null, 0)]
    [InlineData(null, "run.created", null, 1)]
    [InlineData(null, null, "run/1", 1)]
    [InlineData(null, null, "run/", 2)]
    [InlineData("bob", "run.", null, 1)]
    public void Search_MatchesByEachPart(string? actor, string? action, string? subject, int expected)
    {
        var state = new AuditChainState();
        AuditChainRules.Chain(
            state,
            [
                new("ada", DateTimeOffset.UnixEpoch, new("run.created", "run/1")),
                new("bob", DateTimeOffset.UnixEpoch.AddSeconds(1), new("run.ended", "run/2")),
                new("ada", DateTimeOffset.UnixEpoch.AddSeconds(2), new("model.created", "model/m")),
            ]).ForEach(state.Apply);

        Assert.Equal(expected, state.Tail.Count(e => AuditSearch.Matches(new AuditQuery(actor, action, subject), e)));
        Assert.Equal([2L], state.Tail.Where(e => AuditSearch.Matches(new AuditQuery(From: DateTimeOffset.UnixEpoch.AddSeconds(1), To: DateTimeOffset.UnixEpoch.AddSeconds(2)), e)).Select(e => e.Sequence));
    }

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

        var found = new List<AuditEvent>();
        for (var query = new AuditQuery("ada", "thing.", "thing/12", Limit: 7); ; query = query with { PageToken = page.NextPageToken })
        {
            page = await Chain(again.Client).Search(query, Token);
            found.AddRange(page.Items);
            if (page.NextPageToken is null)
            {
                break;
            }
        }

        Assert.Equal(111, found.Count);
        Assert.Equal(found.OrderByDescending(e => e.Sequence), found);
        Assert.Empty((await Chain(again.Client).Search(new AuditQuery("bob"), Token)).Items);
        foreach (var token in (string[])["0", "-1", "x", "9999999"])
        {
            Assert.Equal("pageToken", (await Assert.ThrowsAsync<MlopsException>(() => Chain(again.Client).Search(new AuditQuery(PageToken: token), Token))).Field);
        }
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

    /// <summary>Two changes, one of each kind of storage, while the chain cannot store anything: both are answered, both wait, and both are told once, in their order.</summary>
    [Fact]
    public async Task ChangesWhileTheChainIsAway_AreAnswered_Wait_AndAreToldOnce()
    {
        using var directory = new TempDirectory();
        var journal = new ChainlessJournal();
        await using (var silo = await SiloFixture.StartAsync(directory.Path, journal.Over))
        {
            await Chain(silo.Client).Append(new AuditEntry("before", "all"), Token);
            journal.ChainIsAway = true;
            Actor.Current = "ada";
            var id = (await silo.Client.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main).Create(new NewExperiment("e"), Token)).ExperimentId;
            await silo.Client.GetGrain<IExperimentGrain>(id).SetTag("k", "v", Token);

            var waiting = await Chain(silo.Client).Waiting(Token);
            Assert.Equal(2, waiting.Events);
            Assert.InRange(waiting.Since!.Value, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow);
            var verified = await Chain(silo.Client).Verify(Token);
            Assert.Equal((true, 1, 2), (verified.Valid, verified.Events, verified.Waiting!.Events));
        }

        await using var again = await SiloFixture.StartAsync(directory.Path);
        await Eventually.Async(async () => (await Chain(again.Client).Waiting(Token)).Events == 0, cancellationToken: Token);

        var events = (await Chain(again.Client).Read(0, 10, Token)).Items;
        Assert.Equal(["before", "experiment.created", "experiment.tag-set"], events.Select(e => e.Action));
        Assert.Equal("ada", events[^1].Actor);
        Assert.True((await Chain(again.Client).Verify(Token)).Valid);
    }

    /// <summary>A chain that comes back is found by the sweep, without anybody changing anything.</summary>
    [Fact]
    public async Task Chain_ThatComesBack_HearsWhatWaits()
    {
        using var directory = new TempDirectory();
        var journal = new ChainlessJournal { ChainIsAway = true };
        await using var silo = await SiloFixture.StartAsync(directory.Path, journal.Over);
        await silo.Client.GetGrain<IRegisteredModelGrain>("m").Create(new NewRegisteredModel(), Token);
        Assert.Equal(1, (await Chain(silo.Client).Waiting(Token)).Events);

        journal.ChainIsAway = false;

        await Eventually.Async(async () => (await Chain(silo.Client).Waiting(Token)).Events == 0, cancellationToken: Token);
        Assert.Equal("model.created", Assert.Single((await Chain(silo.Client).Read(0, 10, Token)).Items).Action);
    }

    /// <summary>More than one append takes, with one that cannot be read among them.</summary>
    [Fact]
    public async Task Intents_AreAllTold_AroundOneThatIsDamaged()
    {
        using var directory = new TempDirectory();
        await using var silo = await SiloFixture.StartAsync(directory.Path);
        var journal = silo.GetSiloServiceProvider().GetRequiredService<IJournal>();
        var intents = Enumerable.Range(0, 600).Select(i => (ReadOnlyMemory<byte>)new AuditIntent("ada", DateTimeOffset.UnixEpoch.AddSeconds(i), new AuditEntry("a", $"{i:000}")).Encode()).ToList();
        var damaged = intents[333].ToArray();
        damaged[10] ^= 1;
        intents[333] = damaged;
        for (var i = 0; i < 6; i++)
        {
            Assert.True(await journal.AppendAsync("s", i, ["x"u8.ToArray()], new AppendOptions(Intents: intents[(100 * i)..(100 * (i + 1))]), Token));
        }

        await Chain(silo.Client).Deliver(Token);

        var events = (await Chain(silo.Client).Read(0, 1000, Token)).Items;
        Assert.Equal(600, events.Count);
        Assert.Equal(("audit.event-lost", "intent/334"), (events[333].Action, events[333].Subject));
        Assert.Equal(events.Where(e => e.Action == "a").Select(e => e.Subject).Order(StringComparer.Ordinal), events.Where(e => e.Action == "a").Select(e => e.Subject));
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(599), events[^1].Time);
        Assert.Contains(silo.GetSiloServiceProvider().GetRequiredService<DamageList>().Items, d => d.Place == "intent" && d.Name == "334");
        Assert.True((await Chain(silo.Client).Verify(Token)).Valid);
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

    private sealed class ChainlessJournal : ForwardingJournal
    {
        public bool ChainIsAway { get; set; }

        public override Task<bool> AppendAsync(
            string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, AppendOptions options, CancellationToken cancellationToken = default) =>
            ChainIsAway && stream == "audit-chain/main"
                ? Task.FromException<bool>(new JournalUnavailableException("the chain is away"))
                : base.AppendAsync(stream, expectedVersion, entries, options, cancellationToken);
    }

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
