using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Monitoring;

public sealed class PredictionAggregatorTests : IDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ScriptedMonitor monitor;
    private readonly PredictionAggregator aggregator;
    private readonly TempDirectory directory = new();
    private readonly PredictionTally tally;
    private long lost;
    private readonly MeterListener listener = new();

    public PredictionAggregatorTests()
    {
        var meters = services.GetRequiredService<IMeterFactory>();
        monitor = new ScriptedMonitor(time);
        tally = PredictionTally.Open(directory.Path, "t");
        aggregator = new PredictionAggregator(_ => monitor, new UuidSource(time), time, new MonitoringMetrics(meters), tally, NullLogger<PredictionAggregator>.Instance);
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "mlops.monitoring.predictions.lost")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, rows, _, _) => Interlocked.Add(ref lost, rows));
        listener.Start();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        tally.Dispose();
        listener.Dispose();
        services.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task RowsBeforeTheReferenceIsKnown_AreCounted()
    {
        monitor.Configure();
        Observe(10);
        Observe(20);

        await FlushAsync();

        Assert.Equal(30, monitor.Rows);
        Assert.Equal(30, monitor.Counts.Sum());
    }

    [Fact]
    public async Task RowsBetweenConfigureAndTheNextQuestion_AreCounted_EarlierOnesAreNot()
    {
        Observe(7);
        await FlushAsync();
        time.Advance(TimeSpan.FromSeconds(1));
        Observe(5);
        monitor.Configure(after: TimeSpan.FromMilliseconds(10));
        Observe(11);
        await FlushAsync();
        Assert.Equal(0, monitor.Rows);

        time.Advance(TimeSpan.FromSeconds(2));
        await FlushAsync();

        Assert.Equal(11, monitor.Rows);
    }

    [Fact]
    public async Task FailedCall_IsSentAgainWithTheSameSequence()
    {
        monitor.Configure();
        monitor.Script.Enqueue(Fate.LostCall);
        monitor.Script.Enqueue(Fate.LostAnswer);
        Observe(100);
        await FlushAsync();
        Observe(50);
        await FlushAsync();
        await FlushAsync();

        Assert.Equal(150, monitor.Rows);
        Assert.Equal([1, 1, 1, 2], monitor.Sequences.Take(4));
        Assert.Equal(0, lost);
    }

    [Fact]
    public async Task AnyFailures_CountEachRowOnce()
    {
        var random = new Random(17);
        monitor.Configure();
        var sent = 0;
        for (var i = 0; i < 300; i++)
        {
            var rows = random.Next(1, 400);
            sent += rows;
            Observe(rows);
            monitor.Script.Enqueue((Fate)random.Next(3));
            await FlushAsync();
        }

        monitor.Script.Clear();
        await FlushAsync();

        Assert.Equal(sent, monitor.Rows);
        Assert.Equal(sent, monitor.Counts.Sum());
        Assert.Equal(0, lost);
        tally.Dispose();
        Assert.Empty(Directory.GetFiles(directory.Path));
    }

    /// <summary>Whatever becomes of rows while the process lives, they are not taken for lost by its death.</summary>
    [Fact]
    public async Task TallyIsSettled_WhenAllIsCountedOrKnownToBeLost()
    {
        Observe(7);
        await FlushAsync();
        monitor.Configure(after: TimeSpan.FromSeconds(3));
        Observe(11);
        await FlushAsync();
        Observe(13);
        monitor.Configure();
        await FlushAsync();
        Observe(6000, count: false);
        Observe(6000);
        time.Advance(TimeSpan.FromSeconds(3));
        await FlushAsync();
        await FlushAsync();

        tally.Dispose();

        Assert.Empty(Directory.GetFiles(directory.Path));
    }

    [Fact]
    public async Task TallyOfTheDead_TellsWhatNobodyCounted_Once()
    {
        monitor.Configure();
        Observe(10);
        await FlushAsync();
        Observe(20, count: false);
        Observe(3);
        var told = new List<(string Deployment, UncountedRows Rows)>();
        Task TellAsync(string deployment, UncountedRows rows)
        {
            told.Add((deployment, rows));
            return Task.CompletedTask;
        }

        await PredictionTally.TellOfTheDead(directory.Path, TellAsync);
        Assert.Empty(told); // It lives.
        tally.Dispose();
        await Assert.ThrowsAsync<TimeoutException>(() => PredictionTally.TellOfTheDead(directory.Path, (_, _) => throw new TimeoutException()));
        await PredictionTally.TellOfTheDead(directory.Path, TellAsync);
        await PredictionTally.TellOfTheDead(directory.Path, TellAsync);

        var (about, uncounted) = Assert.Single(told);
        Assert.Equal(("churn", 23L, 0L), (about, uncounted.Rows, uncounted.Sequence));
    }

    [Fact]
    public async Task TallyOfTheDead_NamesTheDeltaThatWasOnItsWay()
    {
        monitor.Configure();
        Enumerable.Repeat(Fate.LostAnswer, 20).ToList().ForEach(monitor.Script.Enqueue);
        Observe(10);
        await FlushAsync();
        Observe(3);
        tally.Dispose();
        UncountedRows? told = null;

        await PredictionTally.TellOfTheDead(directory.Path, (_, rows) =>
        {
            told = rows;
            return Task.CompletedTask;
        });

        Assert.Equal((13, 1, 10), (told!.Rows, told.Sequence, told.SentRows));
        Assert.Equal(32, told.AggregatorId.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(1000)]
    public async Task TallyThatIsCutOffOrNonsense_TellsNothing(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        await File.WriteAllBytesAsync(directory.File("x.tally"), [.. bytes.Select(b => (byte)(b | 0x80))], Token);

        await PredictionTally.TellOfTheDead(directory.Path, (_, _) => throw new InvalidOperationException("told"));

        Assert.False(File.Exists(directory.File("x.tally")));
    }

    [Fact]
    public async Task MonitorThatIsAway_CostsNoRows()
    {
        monitor.Configure();
        Observe(1);
        await FlushAsync();
        for (var i = 0; i < 200; i++)
        {
            monitor.Script.Enqueue(Fate.LostCall);
            Observe(1000);
            await FlushAsync();
        }

        monitor.Script.Clear();
        await FlushAsync();

        Assert.Equal(200_001, monitor.Rows);
        Assert.Equal(0, lost);
    }

    [Fact]
    public async Task LargeRequest_LeavesInDeltasOfTheFlushSize()
    {
        monitor.Configure(flushRows: 125);
        Observe(2000);

        await FlushAsync();

        Assert.Equal(2000, monitor.Rows);
        Assert.All(monitor.DeltaRows, rows => Assert.Equal(125, rows));
    }

    [Fact]
    public async Task NewGeneration_IsLearnt_AndTheOldCountsAreCountedAsLost()
    {
        monitor.Configure();
        Observe(10);
        await FlushAsync();
        Observe(20);
        monitor.Configure();
        await FlushAsync();
        Observe(30);

        await FlushAsync();

        Assert.Equal(30, monitor.RowsOfGeneration(2));
        Assert.Equal(20, lost);
    }

    [Fact]
    public async Task WaitingRows_AreBounded_AndLossIsCounted()
    {
        for (var i = 0; i < 60; i++)
        {
            Observe(100);
        }

        monitor.Configure(before: TimeSpan.FromMinutes(1));
        time.Advance(TimeSpan.FromSeconds(2));
        await FlushAsync();

        Assert.Equal(DeploymentCounter.WaitingRowsMax, monitor.Rows);
        Assert.Equal(1000, lost);
    }

    [Fact]
    public void FullQueue_DropsAndCounts()
    {
        for (var i = 0; i < 210; i++)
        {
            Observe(1000, count: false);
        }

        Assert.Equal(10_000, lost);
    }

    [Fact]
    public async Task AbsentOrWrongColumns_CountAsMissing_AndNeverThrow()
    {
        monitor.Configure();
        Predict(new([new("age", "BYTES", [2], new[] { "x", "y" })]));
        Predict(new([new("other", "FP64", [3], new double[3])]));
        Predict(new([new("age", "FP64", [4, 2], new double[8])]));
        Predict(new([new("age", "FP64", [5], new double[1])]));
        Predict(new([new("age", "FP64", [], new double[1])]));
        Predict(new([]));

        aggregator.CountQueued();
        await FlushAsync();

        Assert.Equal(14, monitor.Rows);
        Assert.Equal(14, monitor.Counts.Sum());
        Assert.Equal(0, lost);
    }

    private void Observe(int rows, bool count = true)
    {
        Predict(Samples.Request(("age", [.. Samples.Spread(rows, 0)])));
        if (count)
        {
            aggregator.CountQueued();
        }
    }

    private void Predict(InferenceRequest request) => aggregator.Observe("churn", 1, request, Samples.Response);

    /// <summary>A silo that stops still answers: what it answers is counted by then, whatever happens on the way.</summary>
    [Theory]
    [InlineData(new Fate[0])]
    [InlineData(new[] { Fate.LostCall, Fate.LostAnswer, Fate.LostCall })]
    public async Task Stopping_CountsBeforeItAnswers(Fate[] fates)
    {
        monitor.Configure();
        Observe(3);
        aggregator.Complete();
        await aggregator.CountUntilComplete();
        Array.ForEach(fates, monitor.Script.Enqueue);

        var answered = Enumerable.Range(1, 20).Select(_ => aggregator.Observe("churn", 1, Samples.Request(("age", [1f])), Samples.Response)).ToList();
        await Eventually.Async(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            return Task.FromResult(answered.TrueForAll(a => a.IsCompletedSuccessfully));
        }, TimeSpan.FromSeconds(30), Token);

        Assert.Equal((23, 0), (monitor.Rows, lost));
        Assert.True(await aggregator.Settle());
    }

    [Fact]
    public async Task Stopping_DoesNotWaitForADeploymentWithoutMonitor()
    {
        aggregator.Complete();

        await aggregator.Observe("churn", 1, Samples.Request(("age", [1f])), Samples.Response).WaitAsync(TimeSpan.FromSeconds(10), Token);

        Assert.True(await aggregator.Settle());
        Assert.Equal(0, lost);
    }

    private Task FlushAsync() => aggregator.Flush(Token);

    public enum Fate
    {
        Fine,
        LostCall,
        LostAnswer,
    }

    /// <summary>A monitor that deduplicates as the grain does, and whose calls or answers can get lost.</summary>
    private sealed class ScriptedMonitor(TimeProvider time) : IMonitorGrain
    {
        private readonly List<MonitorDelta> counted = [];
        private MonitorReference? reference;

        public Queue<Fate> Script { get; } = new();

        public List<long> Sequences { get; } = [];

        public long Rows => counted.Sum(d => d.Rows);

        public IEnumerable<long> DeltaRows => counted.Select(d => d.Rows);

        public IEnumerable<long> Counts => counted.SelectMany(d => d.Counts[0]);

        public long RowsOfGeneration(int generation) => counted.Where(d => d.Generation == generation).Sum(d => d.Rows);

        public void Configure(TimeSpan after = default, TimeSpan before = default, int flushRows = 1000)
        {
            ((FakeTimeProvider)time).Advance(after);
            var bins = Samples.Reference("age", 0, 1000).Bins;
            reference = new MonitorReference((reference?.Generation ?? 0) + 1, [bins], time.GetUtcNow() - before, flushRows);
        }

        public Task<MonitorReference?> GetReference(CancellationToken cancellationToken = default) => Task.FromResult(reference);

        public Task<int> Apply(MonitorDelta delta, CancellationToken cancellationToken = default)
        {
            Sequences.Add(delta.Sequence);
            var fate = Script.TryDequeue(out var next) ? next : Fate.Fine;
            if (fate == Fate.LostCall)
            {
                throw new TimeoutException();
            }

            if (delta.Generation == reference!.Generation && !counted.Exists(d => d.AggregatorId == delta.AggregatorId && d.Sequence == delta.Sequence))
            {
                counted.Add(delta);
            }

            return fate == Fate.LostAnswer ? throw MlopsException.Unavailable("lost") : Task.FromResult(reference.Generation);
        }

        public Task<long> Miss(UncountedRows rows, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<MonitorStatus> Configure(MonitorRules rules, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<MonitorStatus?> Get(CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<IReadOnlyList<WindowVerdict>> Windows(int limit, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<IReadOnlyList<Alert>> Alerts(int limit, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        Task<WindowCounts> IMonitorGrain.Counts(long window, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<Alert?> GetAlert(string alertId, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<Alert> Acknowledge(string alertId, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<Alert> Silence(string alertId, AlertSilence silence, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<Alert> Comment(string alertId, string text, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<BackTest> BackTest(MonitorRules rules, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
