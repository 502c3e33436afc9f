using CsCheck;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Tests.Monitoring;

public sealed class MonitorStateTests
{
    private const string Digest = "0000000000000000000000000000000000000000000000000000000000000000";

    private static readonly ReferenceProfile Reference = new(1000, [Samples.Reference("age", 0, 1000), Samples.Reference("income", 0, 1000)]);
    private static readonly MonitorRules ByRows = new(Digest, WindowRows: 500);
    private static readonly MonitorRules ByTime = new(Digest, WindowSeconds: 60);

    [Fact]
    public void Deltas_InAnyOrderAndRepeated_MakeTheSameWindow() =>
        Gen.Select(Gen.Int[1, 40], Gen.UInt).Sample((count, seed) =>
        {
            var random = new Random((int)(seed & int.MaxValue));
            var deltas = Enumerable.Range(0, count).Select(i => Normal($"silo-{i % 3}", 1 + i / 3, 50)).ToList();
            var inOrder = new MonitorHarness(ByTime, Reference);
            deltas.ForEach(d => inOrder.Send(d));
            var shuffled = new MonitorHarness(ByTime, Reference);
            foreach (var delta in deltas.Concat(deltas.Where(_ => random.Next(2) == 0)).OrderBy(_ => random.Next()))
            {
                shuffled.Send(delta);
            }

            Assert.Equal(count * 50, shuffled.State.TotalRows);
            Assert.Equal(inOrder.State.Window!.Counts, shuffled.State.Window!.Counts);
        });

    [Fact]
    public void RepeatedDeltas_LeaveNoTrace() =>
        Gen.Select(Gen.Int[1, 60], Gen.UInt).Sample((count, seed) =>
        {
            var random = new Random((int)(seed & int.MaxValue));
            var once = new MonitorHarness(ByRows, Reference);
            var repeated = new MonitorHarness(ByRows, Reference);
            var sent = new List<MonitorDelta>();
            for (var i = 0; i < count; i++)
            {
                sent.Add(random.Next(2) == 0 ? Normal($"silo-{i % 3}", i + 1, 100) : Shifted($"silo-{i % 3}", i + 1, 100));
                once.Send(sent[^1]);
                repeated.Send(sent[^1]);
                Assert.Empty(repeated.Send(sent[random.Next(sent.Count)]));
            }

            Assert.Equal(once.Text(once.State), repeated.Text(repeated.State));
        });

    [Fact]
    public void Restart_FromJournalOrSnapshot_GivesTheSameState() =>
        Gen.Select(Gen.Int[1, 60], Gen.UInt).Sample((count, seed) =>
        {
            var random = new Random((int)(seed & int.MaxValue));
            var monitor = new MonitorHarness(ByRows, Reference);
            for (var i = 0; i < count; i++)
            {
                monitor.Now += TimeSpan.FromMinutes(random.Next(30));
                _ = random.Next(5) switch
                {
                    0 => monitor.Configure(ByRows, Reference),
                    1 => monitor.Tick(),
                    2 => monitor.Send(Normal("a", i + 1, 300, monitor.State.Generation)),
                    _ => monitor.Send(Shifted("b", i + 1, 300, monitor.State.Generation)),
                };
            }

            Assert.Equal(monitor.Text(monitor.State), monitor.Text(monitor.Reload()));
            Assert.Equal(monitor.Text(monitor.State), monitor.Text(monitor.ThroughSnapshot(monitor.State)));
        });

    [Fact]
    public void Drift_InTwoOfThreeWindows_RaisesOneAlertThatNamesTheFeatures()
    {
        var monitor = new MonitorHarness(ByRows, Reference);
        monitor.Send(Shifted("a", 1, 500));
        monitor.Send(Normal("a", 2, 500));
        Assert.Null(monitor.State.OpenAlert());

        monitor.Send(Shifted("a", 3, 500));
        monitor.Send(Shifted("a", 4, 500));

        var alert = Assert.Single(monitor.State.Alerts);
        Assert.Equal(["age"], alert.Features);
        Assert.Equal(3, alert.Window);
        Assert.Contains("'churn'", alert.Message, StringComparison.Ordinal);
        Assert.Equal([NoticeKind.AuditRaised, NoticeKind.ListOpen, NoticeKind.TellListener], monitor.State.Notices.Select(n => n.Kind));
    }

    [Fact]
    public void ThreeQuietWindows_CloseTheAlert()
    {
        var monitor = new MonitorHarness(ByRows with { RaiseAfter = 1 }, Reference);
        monitor.Send(Shifted("a", 1, 500));
        monitor.Send(Normal("a", 2, 500));
        monitor.Send(Normal("a", 3, 500));
        Assert.NotNull(monitor.State.OpenAlert());

        monitor.Send(Normal("a", 4, 500));

        Assert.Null(monitor.State.OpenAlert());
        Assert.Equal("cleared", Assert.Single(monitor.State.Alerts).CloseReason);
    }

    [Fact]
    public void Configure_ClosesTheAlertAndBeginsAnew()
    {
        var monitor = new MonitorHarness(ByRows with { RaiseAfter = 1 }, Reference);
        monitor.Send(Shifted("a", 1, 500));
        monitor.Send(Shifted("a", 2, 100));

        monitor.Configure(ByRows, Reference);

        Assert.Equal("reconfigured", Assert.Single(monitor.State.Alerts).CloseReason);
        Assert.Equal((2, null), (monitor.State.Generation, monitor.State.Window));
        Assert.Empty(monitor.Send(Shifted("a", 3, 500)));
    }

    [Fact]
    public void Window_OverInTime_ClosesAtItsEndBeforeLaterRowsCount()
    {
        var monitor = new MonitorHarness(ByTime, Reference);
        var opened = monitor.Now;
        monitor.Send(Normal("a", 1, 400));
        monitor.Now += TimeSpan.FromSeconds(59);
        Assert.Empty(monitor.Tick());
        monitor.Now += TimeSpan.FromSeconds(100);

        monitor.Send(Normal("a", 2, 70));

        var closed = Assert.Single(monitor.State.Windows);
        Assert.Equal((400, opened.AddSeconds(60)), (closed.Rows, closed.ClosedAt));
        Assert.Equal((2, 70), (monitor.State.Window!.Number, monitor.State.Window.Rows));
    }

    [Fact]
    public void FewRows_AreNotEnoughData_AndNeitherRaiseNorClear()
    {
        var monitor = new MonitorHarness(ByTime with { RaiseAfter = 1 }, Reference);
        monitor.Send(Shifted("a", 1, 3));
        monitor.Now += TimeSpan.FromSeconds(61);

        monitor.Tick();

        Assert.Equal(DriftOutcome.NotEnoughData, Assert.Single(monitor.State.Windows).Outcome);
        Assert.Equal(0u, monitor.State.Hysteresis.Recent);
    }

    [Fact]
    public void History_IsBounded()
    {
        var monitor = new MonitorHarness(ByRows, Reference);
        for (var i = 0; i < MonitorState.WindowsKept + 50; i++)
        {
            monitor.Send(Normal($"silo-{i}", 1, 500));
        }

        Assert.Equal(MonitorState.WindowsKept, monitor.State.Windows.Count);
        Assert.Equal(MonitorState.AggregatorsKept, monitor.State.Aggregators.Count);
        Assert.Equal(MonitorState.WindowsKept + 50, monitor.State.Windows[^1].Window);
    }

    [Fact]
    public void Delta_OfAnotherShape_IsRefused()
    {
        var monitor = new MonitorHarness(ByRows, Reference);
        var good = Normal("a", 1, 100);

        Assert.Equal("counts", Refused(good with { Counts = [good.Counts[0]] }));
        Assert.Equal("counts[1]", Refused(good with { Counts = [good.Counts[0], [1, 2, 3]] }));
        Assert.Equal("counts[0]", Refused(good with { Rows = 99 }));
        Assert.Equal("rows", Refused(good with { Rows = 0 }));
        Assert.Equal("sequence", Refused(good with { Sequence = 0 }));

        string? Refused(MonitorDelta delta) => Assert.Throws<MlopsException>(() => monitor.Send(delta)).Field;
    }

    private static MonitorDelta Normal(string aggregator, long sequence, int rows, int generation = 1) => Delta(aggregator, sequence, rows, generation, 0);

    private static MonitorDelta Shifted(string aggregator, long sequence, int rows, int generation = 1) => Delta(aggregator, sequence, rows, generation, 500);

    private static MonitorDelta Delta(string aggregator, long sequence, int rows, int generation, double shift) =>
        new(aggregator, sequence, generation, rows, [Samples.Counts(Reference.Features[0], rows, shift), Samples.Counts(Reference.Features[1], rows, 0)]);
}
