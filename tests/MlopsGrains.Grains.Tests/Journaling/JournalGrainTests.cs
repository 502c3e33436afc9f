using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Calls;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Identity;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Testing;
using Orleans.TestingHost;

namespace MlopsGrains.Grains.Tests.Journaling;

/// <summary>What callers hear when the journal does not take an event.</summary>
public sealed class JournalGrainTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FullJournal_IsToldAsOverloaded_AndNothingChanged()
    {
        using var directory = new TempDirectory();
        var moody = new MoodyJournal();
        await using var silo = await SiloFixture.StartAsync(directory.Path, s => s.Services.AddSingleton<IJournal>(moody));
        var catalog = silo.Client.GetGrain<ICatalogGrain>("moody");
        await catalog.Add("a", Token);

        moody.Failure = new JournalFullException("full", TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorKind.Overloaded, (await Assert.ThrowsAsync<MlopsException>(() => catalog.Add("b", Token).WaitAsync(TimeSpan.FromSeconds(20), Token))).Kind);
        Assert.Equal(["a"], (await catalog.List(null, 10, Token)).Items);

        moody.Failure = null;
        await catalog.Add("b", Token);
        Assert.Equal(["a", "b"], (await catalog.List(null, 10, Token)).Items);
    }

    [Fact]
    public async Task BrokenJournal_IsToldAsUnavailable_AndTheGrainReloads()
    {
        using var directory = new TempDirectory();
        var moody = new MoodyJournal();
        await using var silo = await SiloFixture.StartAsync(directory.Path, s => s.Services.AddSingleton<IJournal>(moody));
        var chain = silo.Client.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main);
        await chain.Append(new AuditEntry("a", "1"), Token);

        // Stored, but the answer got lost: only a reload can know.
        moody.Failure = new IOException("the cable");
        moody.StoreBeforeFailing = true;
        Assert.Equal(ErrorKind.Unavailable, (await Assert.ThrowsAsync<MlopsException>(() => chain.Append(new AuditEntry("a", "2"), Token).WaitAsync(TimeSpan.FromSeconds(20), Token))).Kind);

        moody.Failure = null;
        await Eventually.Async(async () => (await chain.Read(0, 10, Token)).Items.Count == 2, cancellationToken: Token);
        Assert.Equal(3, (await chain.Append(new AuditEntry("a", "3"), Token)).Sequence);
        Assert.True((await chain.Verify(Token)).Valid);
    }

    [Fact]
    public async Task LostFence_IsToldAsUnavailable_AndTheGrainReloads()
    {
        using var directory = new TempDirectory();
        var moody = new MoodyJournal();
        await using var silo = await SiloFixture.StartAsync(directory.Path, s => s.Services.AddSingleton<IJournal>(moody));
        var catalog = silo.Client.GetGrain<ICatalogGrain>("fenced");
        await catalog.Add("a", Token);
        await moody.AppendAsync("catalog/fenced", 1, [moody.LastEntry], Token);

        Assert.Equal(ErrorKind.Unavailable, (await Assert.ThrowsAsync<MlopsException>(() => catalog.Add("b", Token).WaitAsync(TimeSpan.FromSeconds(20), Token))).Kind);

        await Eventually.Async(async () =>
        {
            try
            {
                await catalog.Add("b", Token);
                return true;
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.Unavailable)
            {
                return false;
            }
        }, cancellationToken: Token);
        Assert.Equal(["a", "b"], (await catalog.List(null, 10, Token)).Items);
    }

    [Fact]
    public async Task UnusedId_SparesTheRead_AndOneThatIsUsed_LosesNothing()
    {
        using var directory = new TempDirectory();
        var moody = new MoodyJournal();
        await using var silo = await SiloFixture.StartAsync(directory.Path, s => s.Services.AddSingleton<IJournal>(moody));
        await silo.Client.GetGrain<ICatalogGrain>("known").Add("a", Token);
        Assert.Contains("catalog/known", moody.Reads);
        await silo.DeactivateAsync(silo.Client.GetGrain<ICatalogGrain>("known"));

        UnusedId.Current = "fresh";
        await silo.Client.GetGrain<ICatalogGrain>("fresh").Add("a", Token);
        Assert.DoesNotContain("catalog/fresh", moody.Reads);

        // A wrong claim: the first write finds out, and the next activation, which makes no claim, reads.
        UnusedId.Current = "known";
        Assert.Equal(ErrorKind.Unavailable, (await Assert.ThrowsAsync<MlopsException>(() => silo.Client.GetGrain<ICatalogGrain>("known").Add("b", Token))).Kind);
        UnusedId.Current = null;
        await Eventually.Async(async () => (await silo.Client.GetGrain<ICatalogGrain>("known").List(null, 10, Token)).Items is ["a"], cancellationToken: Token);
    }

    [Fact]
    public async Task CallThatIsOlderThanItsAskerWaits_IsRefused_AndChangesNothing()
    {
        using var directory = new TempDirectory();
        await using var silo = await SiloFixture.StartAsync(directory.Path, s => s.Services.AddSingleton<IJournal>(new MoodyJournal()));
        var catalog = silo.Client.GetGrain<ICatalogGrain>("late");
        var clock = ClockOf(silo);
        CallDeadline.Set(clock, TimeSpan.FromMilliseconds(1));
        await PassedAsync(clock, TimeSpan.FromMilliseconds(1));

        Assert.Equal(ErrorKind.Unavailable, (await Assert.ThrowsAsync<MlopsException>(() => catalog.Add("a", Token))).Kind);

        CallDeadline.Clear();
        Assert.Empty((await catalog.List(null, 10, Token)).Items);
    }

    [Fact]
    public async Task ChangeThatIsGivenUpWhileItWaits_IsNotStored()
    {
        using var directory = new TempDirectory();
        var moody = new MoodyJournal();
        await using var silo = await SiloFixture.StartAsync(directory.Path, s => s.Services.AddSingleton<IJournal>(moody));
        var (catalog, clock, patience) = (silo.Client.GetGrain<ICatalogGrain>("group"), ClockOf(silo), TimeSpan.FromMilliseconds(200));
        await catalog.Add("a", Token);
        moody.Hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = catalog.Add("b", Token);
        await Eventually.Async(() => Task.FromResult(moody.Holds == 1), cancellationToken: Token);
        CallDeadline.Set(clock, patience);
        var late = catalog.Add("c", Token);
        CallDeadline.Clear();
        CallDeadline.Set(clock, TimeSpan.FromMinutes(1));
        var patient = catalog.Add("d", Token);
        CallDeadline.Clear();
        await PassedAsync(clock, patience);
        moody.Hold.SetResult();

        await first;
        await patient;
        Assert.Equal(ErrorKind.Unavailable, (await Assert.ThrowsAsync<MlopsException>(() => late)).Kind);
        Assert.Equal(["a", "b", "d"], (await catalog.List(null, 10, Token)).Items);
    }

    private static CallClock ClockOf(InProcessTestCluster silo) => silo.GetSiloServiceProvider().GetRequiredService<CallClock>();

    private static async Task PassedAsync(CallClock clock, TimeSpan time)
    {
        var began = clock.Now;
        await Eventually.Async(() => Task.FromResult(clock.Now > began + time.TotalMilliseconds), cancellationToken: Token);
    }

    /// <summary>A journal in memory that can be told to fail.</summary>
    private sealed class MoodyJournal : IJournal
    {
        private readonly Lock gate = new();
        private readonly Dictionary<string, List<ReadOnlyMemory<byte>>> streams = new(StringComparer.Ordinal);

        public Exception? Failure { get; set; }

        public ConcurrentBag<string> Reads { get; } = [];

        public bool StoreBeforeFailing { get; set; }

        public ReadOnlyMemory<byte> LastEntry { get; private set; }

        /// <summary>What an append waits for.</summary>
        public TaskCompletionSource? Hold { get; set; }

        /// <summary>How many appends wait.</summary>
        public int Holds { get; private set; }

        public async Task<bool> AppendAsync(string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries, AppendOptions options, CancellationToken cancellationToken = default)
        {
            if (Hold is { } hold)
            {
                Holds++;
                await hold.Task;
            }

            return await Append(stream, expectedVersion, entries);
        }

        private Task<bool> Append(string stream, long expectedVersion, IReadOnlyList<ReadOnlyMemory<byte>> entries)
        {
            lock (gate)
            {
                if (Failure is not null && !StoreBeforeFailing)
                {
                    return Task.FromException<bool>(Failure);
                }

                if (!streams.TryGetValue(stream, out var stored))
                {
                    streams.Add(stream, stored = []);
                }

                if (stored.Count != expectedVersion)
                {
                    return Task.FromResult(false);
                }

                stored.AddRange(entries);
                LastEntry = entries[^1];
                return Failure is null ? Task.FromResult(true) : Task.FromException<bool>(Failure);
            }
        }

        public Task<JournalSlice> ReadAsync(string stream, CancellationToken cancellationToken = default)
        {
            Reads.Add(stream);
            lock (gate)
            {
                return Task.FromResult(streams.TryGetValue(stream, out var stored) ? new JournalSlice(0, null, [.. stored]) : JournalSlice.Empty);
            }
        }

        public Task WriteSnapshotAsync(
            string stream, long version, ReadOnlyMemory<byte> payload, IReadOnlyList<SeriesChunk>? chunks = null, CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadChunksAsync(string stream, string series, long first, int limit, CancellationToken cancellationToken = default) =>
            Task.FromResult<IReadOnlyList<ReadOnlyMemory<byte>>>([]);

        public Task DeleteStreamAsync(string stream, IReadOnlyList<ReadOnlyMemory<byte>> intents, CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task<IReadOnlyList<Intent>> ReadIntentsAsync(int limit, CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyList<Intent>>([]);

        public Task<long> CountIntentsAsync(CancellationToken cancellationToken = default) => Task.FromResult(0L);

        public Task<IReadOnlyList<string>> ListStreamsAsync(string prefix, string? after, int limit, CancellationToken cancellationToken = default) =>
            Task.FromResult<IReadOnlyList<string>>([]);
    }
}
