using MlopsGrains.Errors;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Tests.Monitoring;

public sealed class WindowHistoryTests
{
    private const string Digest = "0000000000000000000000000000000000000000000000000000000000000000";

    private static readonly ReferenceProfile Reference = new(1000, [Samples.Reference("age", 0, 1000), Samples.Reference("income", 0, 1000)]);
    private static readonly MonitorRules Rules = new(Digest, WindowRows: 500);

    [Fact]
    public void TheSameRules_SayAgainWhatWasSaid()
    {
        var monitor = Watched(0, 500, 0, 500, 500, 0, 0, 0, 500);

        var test = WindowHistory.Of(monitor.State, Rules).Judge(Rules);

        Assert.Equal([9, 8, 7, 6, 5, 4, 3, 2, 1], test.Windows.Select(w => w.Window));
        Assert.All(test.Windows, w => Assert.Equal((w.Before, w.WasRaised), (w.Outcome, w.IsRaised)));
        Assert.Equal(monitor.State.Windows.Select(w => MaxDistance(w)), test.Windows.Reverse().Select(w => w.Distance));
        Assert.Equal((1, 1), (test.Alerts, test.AlertsBefore));
        Assert.Equal(8, Assert.Single(test.Windows, w => w.IsCleared).Window);
    }

    [Fact]
    public void OtherRules_SayWhichWindowsWouldHaveAlerted_AndChangeNothing()
    {
        var monitor = Watched(500, 0, 0, 0, 500);
        var before = monitor.Text(monitor.State);

        var eager = WindowHistory.Of(monitor.State, Rules with { RaiseAfter = 1 }).Judge(Rules with { RaiseAfter = 1 });
        var calm = WindowHistory.Of(monitor.State, Rules with { EffectFloor = 1 }).Judge(Rules with { EffectFloor = 1, Features = ["income"] });
        var other = WindowHistory.Of(monitor.State, Rules with { Features = ["income"] }).Judge(Rules with { Features = ["income"] });

        Assert.Equal([5, 1], eager.Windows.Where(w => w.IsRaised).Select(w => w.Window));
        Assert.Equal((2, 0), (eager.Alerts, eager.AlertsBefore));
        Assert.Equal(0, calm.Alerts);
        Assert.All(other.Windows, w => Assert.Equal((DriftOutcome.NoDrift, 0), (w.Outcome, w.Drifted.Count)));
        Assert.Equal(before, monitor.Text(monitor.State));
    }

    [Fact]
    public void RulesThatTheCountsDoNotFit_AreRefusedByField()
    {
        var state = Watched(0).State;

        Assert.Equal("referenceDigest", Refused(Rules with { ReferenceDigest = Digest[..63] + "1" }).Field);
        var unknown = Refused(Rules with { Features = ["age", "height"] });
        Assert.Equal("features[1]", unknown.Field);
        Assert.Contains("height", unknown.Message, StringComparison.Ordinal);

        MlopsException Refused(MonitorRules rules) => Assert.Throws<MlopsException>(() => WindowHistory.Of(state, rules));
    }

    [Fact]
    public void Counts_AddUpToTheRows_OnBothSides()
    {
        var state = Watched(0, 500).State;

        var counts = WindowHistory.CountsOf(state, "churn", 2);

        Assert.Equal((2, 1000, 500), (counts.Window, counts.ReferenceRows, counts.Rows));
        Assert.All(counts.Features, f => Assert.Equal((1000, 500), (f.Reference.Sum(), f.Window.Sum())));
        Assert.Equal("age", counts.Features[0].Feature);
        Assert.Equal(counts.Features[0].Edges!.Count - 1 + 4, counts.Features[0].Window.Count);
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<MlopsException>(() => WindowHistory.CountsOf(state, "churn", 3)).Kind);
    }

    [Fact]
    public void Rules_OverTheSameReference_KeepTheCounts_AnotherReferenceDropsThem()
    {
        var monitor = Watched(0, 0);
        monitor.Configure(Rules with { EffectFloor = 0.2 }, new ReferenceProfile(1000, [Samples.Reference("age", 0, 1000), Samples.Reference("income", 0, 1000)]));
        Assert.Equal([1, 2], monitor.State.Kept.Select(k => k.Window));

        monitor.Configure(Rules, new ReferenceProfile(1000, [Samples.Reference("age", 1, 1000), Samples.Reference("income", 0, 1000)]));

        Assert.Empty(monitor.State.Kept);
        var gone = Assert.Throws<MlopsException>(() => WindowHistory.CountsOf(monitor.State, "churn", 2));
        Assert.Contains("not kept", gone.Message, StringComparison.Ordinal);
        Assert.Equal(monitor.Text(monitor.State), monitor.Text(monitor.Reload()));
    }

    [Fact]
    public void KeptCounts_AreBounded_AndTheNewestIsAlwaysThere()
    {
        var wide = new ReferenceProfile(1000, [.. Enumerable.Range(0, 1000).Select(i => new FeatureReference(new FeatureBins($"f{i}", [.. Enumerable.Range(0, 21).Select(e => (double)e)], null), [.. Enumerable.Repeat(50L, 20), 0, 0, 0, 0]))]);
        var monitor = new MonitorHarness(Rules, wide);
        long[] row = [.. Enumerable.Repeat(25L, 20), 0, 0, 0, 0];
        for (var i = 1; i <= 15; i++)
        {
            monitor.Send(new MonitorDelta("a", i, 1, 500, [.. Enumerable.Repeat(row, 1000)]));
        }

        Assert.Equal(15, monitor.State.Windows.Count);
        Assert.Equal(MonitorState.CountsKept / 24_000, monitor.State.Kept.Count);
        Assert.Equal(15, monitor.State.Kept[^1].Window);
    }

    private static double? MaxDistance(WindowVerdict window) => window.Features.Max(f => f.JensenShannon);

    /// <summary>A window for each shift of the age.</summary>
    private static MonitorHarness Watched(params int[] shifts)
    {
        var monitor = new MonitorHarness(Rules, Reference);
        for (var i = 0; i < shifts.Length; i++)
        {
            monitor.Send(new MonitorDelta("a", i + 1, 1, 500, [Samples.Counts(Reference.Features[0], 500, shifts[i]), Samples.Counts(Reference.Features[1], 500, 0)]));
        }

        return monitor;
    }
}
