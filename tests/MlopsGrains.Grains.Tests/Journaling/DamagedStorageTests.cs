using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Governance;
using MlopsGrains.Grains.Intents;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Testing;
using Orleans.Storage;
using Orleans.TestingHost;

namespace MlopsGrains.Grains.Tests.Journaling;

/// <summary>Bits of a stopped silo's file are flipped: what they belong to is named, and everything else goes on.</summary>
public sealed class DamagedStorageTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempDirectory directory = new();
    private readonly int seed = Random.Shared.Next();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task OneBadRun_IsNamed_AndStopsNoSearchCreationOrVerification()
    {
        var bad = await Before(async silo =>
        {
            await Create(silo, "whole-run-one");
            var run = (await Create(silo, "hurt")).Info.RunId;
            await silo.Client.GetGrain<IRunGrain>(run).LogBatch(new RunBatch(MetricColumns.Empty, [new Tag("note", "marked-for-damage")], []), Token);
            return run;
        });
        Damage("marked-for-damage");

        await using var silo = await SiloFixture.StartAsync(directory.Path);
        var refused = await Refused(() => silo.Client.GetGrain<IRunGrain>(bad).Get(Token));
        Assert.Contains($"stream 'run/{bad}' is damaged at version 2", refused.Message, StringComparison.Ordinal);
        await Create(silo, "whole-run-two");
        Assert.Equal(["whole-run-one", "whole-run-two"], (await Search(silo)).Order());
        Assert.Equal(["whole-run-one", "whole-run-two"], (await Search(silo)).Order());
        Assert.Contains(silo.GetSiloServiceProvider().GetRequiredService<DamageList>().Items, d => d.Name == $"run/{bad}");
    }

    [Fact]
    public async Task OldEntriesWithoutAChecksum_AreNamedWhenTheyCannotBeRead()
    {
        await using var silo = await SiloFixture.StartAsync(directory.Path);
        await silo.GetSiloServiceProvider().GetRequiredService<IJournal>().AppendAsync("catalog/garbled", 0, ["\u0001{\"$type\":"u8.ToArray()], Token);

        var refused = await Refused(() => silo.Client.GetGrain<ICatalogGrain>("garbled").List(null, 10, Token));

        Assert.Contains("stream 'catalog/garbled' is damaged at version 1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADamagedDocument_IsNamed()
    {
        var (fine, hurt) = (GrainId.Create("sample", "fine"), GrainId.Create("sample", "hurt"));
        await Before(async silo =>
        {
            await Documents(silo).WriteStateAsync("sample", fine, new GrainState<Sample>(new Sample { Text = "all-is-well" }));
            await Documents(silo).WriteStateAsync("sample", hurt, new GrainState<Sample>(new Sample { Text = "marked-for-damage" }));
            return 0;
        });
        Damage("marked-for-damage");

        await using var silo = await SiloFixture.StartAsync(directory.Path);
        var read = new GrainState<Sample>(new Sample());
        await Documents(silo).ReadStateAsync("sample", fine, read);
        Assert.Equal("all-is-well", read.State!.Text);
        var refused = await Refused(async () =>
        {
            await Documents(silo).ReadStateAsync("sample", hurt, read);
            return 0;
        });
        Assert.Contains("document 'sample/sample/hurt' is damaged", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADamagedAuditEvent_MakesTheChainInvalidByName()
    {
        await Before(async silo =>
        {
            var chain = silo.Client.GetGrain<IAuditChainGrain>("other");
            await chain.Append(new AuditEntry("thing.changed", "fine"), Token);
            await chain.Append(new AuditEntry("thing.changed", "marked-for-damage"), Token);
            return await chain.Append(new AuditEntry("thing.changed", "fine"), Token);
        });
        Damage("marked-for-damage");

        await using var silo = await SiloFixture.StartAsync(directory.Path);
        var chain = silo.Client.GetGrain<IAuditChainGrain>("other");
        Assert.Equal(4, (await chain.Append(new AuditEntry("thing.changed", "after"), Token)).Sequence);
        var verification = await chain.Verify(Token);
        Assert.Equal((false, 2L), (verification.Valid, verification.BrokenAt));
        Assert.Contains("damaged", verification.Reason, StringComparison.Ordinal);
        Assert.Equal(["fine", "audit-chain", "fine", "after"], (await chain.Read(0, 10, Token)).Items.Select(e => e.Subject));
        Assert.Contains(silo.GetSiloServiceProvider().GetRequiredService<DamageList>().Items, d => d is { Name: "audit-chain/other", Entry: "version 2" });
    }

    [Theory]
    [InlineData(2)]
    [InlineData(999)]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1002)]
    public void AuditChain_WithOneEntryThatCannotBeRead_KeepsEveryOtherInItsPlace(int damaged)
    {
        var (whole, hurt) = (new AuditChainState(), new AuditChainState());
        var entries = 0;
        while (entries < 1010)
        {
            AuditChainEvent next = whole.Tail.Count >= AuditChainState.PageSize ? new PageSealed(whole.Pages + 1) : AuditChainRules.Chain(whole, [new AuditIntent("me", DateTimeOffset.UnixEpoch, new AuditEntry("a", "b"))])[0];
            whole.Apply(next);
            if (++entries == damaged)
            {
                hurt.ApplyDamaged();
            }
            else
            {
                hurt.Apply(next);
            }
        }

        Assert.Equal((whole.Pages, whole.Sequence, whole.HeadHash, whole.PageEndHash), (hurt.Pages, hurt.Sequence, hurt.HeadHash, hurt.PageEndHash));
        Assert.Equal(whole.Tail.Select(e => e.Sequence), hurt.Tail.Select(e => e.Sequence));
    }

    private static IGrainStorage Documents(InProcessTestCluster silo) => silo.GetSiloServiceProvider().GetRequiredKeyedService<IGrainStorage>(MlopsStorage.Documents);

    private static async Task<MlopsException> Refused<T>(Func<Task<T>> call)
    {
        var refused = await Assert.ThrowsAsync<MlopsException>(() => call().WaitAsync(TimeSpan.FromSeconds(20), Token));
        Assert.Equal(ErrorKind.DataLoss, refused.Kind);
        return refused;
    }

    private static async Task<Run> Create(InProcessTestCluster silo, string name) =>
        await silo.Client.GetGrain<IRunGrain>(Guid.NewGuid().ToString("N")).Create(new NewRun("0", name), Token);

    private static async Task<IEnumerable<string>> Search(InProcessTestCluster silo) =>
        (await silo.Client.GetGrain<IRunSearchGrain>(0).Search(new RunQuery(["0"], null, LifecycleView.ActiveOnly, [], 100, null), Token).WaitAsync(TimeSpan.FromSeconds(20), Token)).Items.Select(run => run.Info.RunName);

    private async Task<T> Before<T>(Func<InProcessTestCluster, Task<T>> act)
    {
        await using var silo = await SiloFixture.StartAsync(directory.Path);
        return await act(silo);
    }

    private void Damage(string text)
    {
        output.WriteLine($"seed {seed}");
        Assert.InRange(FlippedBits.In(directory.File("mlops.db"), text, seed), 1, 100);
    }

    private sealed class Sample
    {
        public string? Text { get; set; }
    }
}
