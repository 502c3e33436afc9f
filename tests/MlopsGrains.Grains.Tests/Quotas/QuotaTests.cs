using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Grains.Quotas;
using MlopsGrains.Identity;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Quotas;

public sealed class QuotaTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void UserBeyondTheDaysBytes_Waits_AndOthersDoNot()
    {
        var time = new Clock();
        var quota = new TextQuota(Options.Create(new QuotaOptions { UserBytesPerDay = 1000 }), time);
        Actor.Current = "ada";
        quota.Charge(new string('x', 900), "ü");

        var refusal = Assert.Throws<MlopsException>(() => quota.Charge([new Tag("key", new string('x', 100))]));
        Assert.Equal(ErrorKind.Overloaded, refusal.Kind);
        Assert.Contains("'ada' has brought in 1000 bytes", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Quotas:UserBytesPerDay", refusal.Message, StringComparison.Ordinal);

        Actor.Current = "bob";
        quota.Charge(new string('x', 900));
        Actor.Current = "ada";
        time.Now += TimeSpan.FromHours(12);
        quota.Charge(new string('x', 500));
        Assert.Throws<MlopsException>(() => quota.Charge(new string('x', 500)));
    }

    [Fact]
    public void NoLimit_IsNone() => new TextQuota(Options.Create(new QuotaOptions { UserBytesPerDay = 0 }), TimeProvider.System).Charge(new string('x', 100_000));

    [Fact]
    public async Task Quotas_HoldWhereTextsAreBroughtIn()
    {
        using var directory = new TempDirectory();
        await using var cluster = await SiloFixture.StartAsync(
            directory.Path, silo => silo.Services.Configure<QuotaOptions>(o => (o.ExperimentBytesMax, o.UserBytesPerDay) = (8 * 20_000, 100_000)));
        var grains = cluster.Client;
        Actor.Current = "filler";
        var text = new string('x', 5000);
        var tags = Enumerable.Range(0, 5).Select(i => new Tag($"t{i}", text + i)).ToList();
        IRunGrain Run(int n) => grains.GetGrain<IRunGrain>($"{n:x32}");
        var same = Enumerable.Range(0, 1000).Where(n => RunShards.Of($"{n:x32}") == 3).Take(3).ToList();

        await Run(same[0]).Create(new NewRun("0", Tags: tags), Token);
        await grains.GetGrain<IRunSearchGrain>(0).Search(new RunQuery(["0"], null, LifecycleView.ActiveOnly, [], 5, null), Token);
        var full = await Assert.ThrowsAsync<MlopsException>(() => Run(same[1]).Create(new NewRun("0"), Token));
        Assert.Equal((ErrorKind.TooLarge, "experimentId"), (full.Kind, full.Field));
        Assert.Contains("Quotas:ExperimentBytesMax", full.Message, StringComparison.Ordinal);

        Task Log(string key) => Run(same[0]).LogBatch(new RunBatch(MetricColumns.Empty, [], [.. Enumerable.Range(0, 8).Select(i => new Tag($"{key}{i}", text))]), Token);
        await Log("a");
        var waits = await Assert.ThrowsAsync<MlopsException>(() => Log("b"));
        Assert.Equal(ErrorKind.Overloaded, waits.Kind);
        Assert.Contains("'filler'", waits.Message, StringComparison.Ordinal);
        Actor.Current = "other";
        await Log("b");
    }

    [Fact]
    public async Task BigRun_GoesToSleepSoon_AndASmallOneStays()
    {
        using var directory = new TempDirectory();
        await using var cluster = await SiloFixture.StartAsync(directory.Path, silo => silo.Services.Configure<QuotaOptions>(o => o.BigRunStays = TimeSpan.FromMilliseconds(200)));
        var (big, small) = (cluster.Client.GetGrain<IRunGrain>(new string('b', 32)), cluster.Client.GetGrain<IRunGrain>(new string('5', 32)));
        await big.Create(new NewRun("0", Tags: [.. Enumerable.Range(0, 40).Select(i => new Tag($"t{i}", new string('x', 8000)))]), Token);
        await small.Create(new NewRun("0"), Token);

        await Eventually.Async(async () => !(await AwakeAsync()).Contains(big.GetGrainId()), cancellationToken: Token);

        Assert.Contains(small.GetGrainId(), await AwakeAsync());
        Assert.Equal(41, (await big.Get(Token))!.Tags.Count);

        async Task<IEnumerable<GrainId>> AwakeAsync() => await cluster.Client.GetGrain<IManagementGrain>(0).GetActiveGrains(GrainType.Create("run"), Token);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.UtcTicks;
    }
}
