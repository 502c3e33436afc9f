using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Deployments;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Models;
using MlopsGrains.Monitoring;
using MlopsGrains.Testing;
using Orleans.TestingHost;

namespace MlopsGrains.Grains.Tests.Monitoring;

public sealed class MonitorGrainTests : IAsyncLifetime
{
    private readonly TempDirectory directory = new();
    private readonly Listener listener = new();
    private InProcessTestCluster cluster = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => cluster = await StartAsync();

    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Predictions_OfShiftedTraffic_RaiseOneAlert_ToldOnce_Audited()
    {
        var monitor = await ConfigureAsync("shifted");

        Predict("shifted", 200, 0);
        await Eventually.Async(async () => (await monitor.Get(Token))!.TotalRows == 200, cancellationToken: Token);
        Assert.Equal(DriftOutcome.NoDrift, Assert.Single(await monitor.Windows(10, Token)).Outcome);
        Predict("shifted", 1000, 500);

        await Eventually.Async(async () => (await monitor.Alerts(10, Token)) is [{ StartedPipelineRun: not null }], cancellationToken: Token);
        var status = (await monitor.Get(Token))!;
        Assert.Equal(["age"], status.OpenAlert!.Features);
        Assert.Equal("run-of-" + status.OpenAlert.AlertId, status.OpenAlert.StartedPipelineRun);
        Assert.Single(listener.Heard, a => a.Deployment == "shifted");
        var audit = await cluster.Client.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main).Read(0, 1000, Token);
        Assert.Equal(["monitor.configured", "alert.raised"], audit.Items.Where(e => e.Subject == "monitor/shifted").Select(e => e.Action));
    }

    [Fact]
    public async Task Alert_NotDeliveredBeforeDeactivation_IsDeliveredAfterwards_Once()
    {
        listener.Refuses = true;
        var monitor = await ConfigureAsync("deaf");
        Predict("deaf", 1000, 500);
        await Eventually.Async(() => listener.Calls.Contains("deaf"), cancellationToken: Token);
        await cluster.GetSiloServiceProvider().GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.FromMilliseconds(1), Token);
        listener.Refuses = false;

        await Eventually.Async(async () => (await monitor.Alerts(10, Token)) is [{ StartedPipelineRun: not null }], cancellationToken: Token);

        Assert.Single(listener.Heard, a => a.Deployment == "deaf");
    }

    [Fact]
    public async Task Restart_FlushesTheLastRows_AndKeepsEverything()
    {
        await ConfigureAsync("kept");
        Predict("kept", 130, 0);
        await cluster.StopAllSilosAsync(Token);
        await cluster.DisposeAsync();
        cluster = await StartAsync();

        var status = await cluster.Client.GetGrain<IMonitorGrain>("kept").Get(Token);

        Assert.Equal((130, 1, 1000), (status!.TotalRows, status.Generation, status.ReferenceRows));
    }

    [Fact]
    public async Task Window_ClosesByTime_WithoutTraffic()
    {
        var monitor = await ConfigureAsync("timed", r => r with { WindowRows = null, WindowSeconds = 1 });
        Predict("timed", 300, 0);

        await Eventually.Async(async () => (await monitor.Windows(1, Token)).Count == 1, cancellationToken: Token);

        Assert.Equal(300, (await monitor.Windows(1, Token))[0].Rows);
    }

    [Fact]
    public async Task Configure_WithBadInput_NamesTheField_AndChangesNothing()
    {
        var digest = await StoreAsync(Csv());
        var monitor = cluster.Client.GetGrain<IMonitorGrain>("refused");
        var rules = new MonitorRules(digest, ["age"]);

        Assert.Equal("features[0]", (await Refused(rules with { Features = ["height"] })).Field);
        Assert.Equal(ErrorKind.NotFound, (await Refused(rules with { ReferenceDigest = new string('a', 64) })).Kind);
        Assert.Equal(ErrorKind.NotFound, (await Refused(rules with { Features = null })).Kind);
        Assert.Equal("referenceDigest", (await Refused(rules with { ReferenceDigest = await StoreAsync("age\n1\n2,3\n") })).Field);
        Assert.Equal("windowRows", (await Refused(rules with { WindowRows = 99 })).Field);
        Assert.Null(await monitor.Get(Token));
        Assert.Null(await monitor.GetReference(Token));
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => monitor.Windows(1, Token))).Kind);

        async Task<MlopsException> Refused(MonitorRules wrong) => await Assert.ThrowsAsync<MlopsException>(() => monitor.Configure(wrong, Token));
    }

    private static string Csv() => "age,town\n" + string.Concat(Enumerable.Range(0, 1000).Select(i => $"{i},{(i % 2 == 0 ? "Bern" : "Basel")}\n"));

    private Task<InProcessTestCluster> StartAsync() => SiloFixture.StartAsync(directory.Path, silo =>
    {
        silo.Services.AddSingleton<IAlertListener>(listener);
        silo.Services.AddSingleton<IDeployedModel>(new NothingDeployed());
    });

    private async Task<string> StoreAsync(string text)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return (await cluster.GetSiloServiceProvider().GetRequiredService<IBlobs>().WriteAsync(content, 1_000_000, Token)).Digest;
    }

    private async Task<IMonitorGrain> ConfigureAsync(string deployment, Func<MonitorRules, MonitorRules>? change = null)
    {
        var rules = new MonitorRules(await StoreAsync(Csv()), ["age"], WindowRows: 200);
        var monitor = cluster.Client.GetGrain<IMonitorGrain>(deployment);
        await monitor.Configure(change?.Invoke(rules) ?? rules, Token);
        return monitor;
    }

    [Fact]
    public async Task Missed_IsShown_AndCountsOnceForEachTally()
    {
        var monitor = await ConfigureAsync("missed");

        var reference = (await monitor.GetReference(Token))!;
        var counter = new FeatureCounter(reference.Features[0]);
        counter.Count(new Observation(Samples.Request(("age", [.. Samples.Spread(4, 0)])), Samples.Response, 4, default), 0, 4);
        await monitor.Apply(new MonitorDelta("b", 1, reference.Generation, 4, [counter.TakeCounts()]), Token);

        Assert.Equal(5, await monitor.Miss(new UncountedRows("a", 5, 0, 0), Token));
        Assert.Equal(0, await monitor.Miss(new UncountedRows("a", 5, 0, 0), Token));
        Assert.Equal(2, await monitor.Miss(new UncountedRows("b", 6, 1, 4), Token)); // The delta on its way had come.
        Assert.Equal(6, await monitor.Miss(new UncountedRows("c", 6, 2, 4), Token)); // This one had not.
        Assert.Equal(13, (await monitor.Get(Token))!.MissedRows);
        Assert.Equal(0, await cluster.Client.GetGrain<IMonitorGrain>("nobody").Miss(new UncountedRows("a", 5, 0, 0), Token));
        Assert.Equal("rows", (await Assert.ThrowsAsync<MlopsException>(() => monitor.Miss(new UncountedRows("d", 0, 0, 0), Token))).Field);
    }

    private void Predict(string deployment, int rows, double shift)
    {
        var observer = cluster.GetSiloServiceProvider().GetRequiredService<IPredictionObserver>();
        Assert.True(observer.Observe(deployment, 1, Samples.Request(("age", [.. Samples.Spread(rows, shift)])), Samples.Response).IsCompletedSuccessfully);
    }

    private sealed class Listener : IAlertListener
    {
        public volatile bool Refuses;

        public ConcurrentBag<Alert> Heard { get; } = [];

        public ConcurrentBag<string> Calls { get; } = [];

        public Task<string?> OnAlert(Alert alert, MonitorRules rules, CancellationToken cancellationToken)
        {
            Calls.Add(alert.Deployment);
            if (Refuses)
            {
                throw MlopsException.Unavailable("The pipeline is away.");
            }

            Heard.Add(alert);
            return Task.FromResult<string?>("run-of-" + alert.AlertId);
        }
    }

    private sealed class NothingDeployed : IDeployedModel
    {
        public Task<ModelSignature?> Signature(string deployment, CancellationToken cancellationToken) => Task.FromResult<ModelSignature?>(null);
    }
}
