using MlopsGrains.Deployments;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Tests.Monitoring;

/// <summary>The demo's own table: quiet while rows come from it, loud and specific when some columns shift.</summary>
public sealed class BreastCancerTests
{
    private const int WindowRows = 1000;

    private static readonly MonitorRules Rules = new(new string('0', 64), WindowRows: WindowRows);

    [Fact]
    public void ResampledRows_RaiseNoAlert()
    {
        var rows = Table.Load();
        var monitor = new MonitorHarness(Rules, rows.Profile);
        var random = new Random(20260101);
        const int Windows = 300;
        for (var i = 0; i < Windows; i++)
        {
            monitor.Send(rows.Delta(random, i + 1, WindowRows, []));
        }

        Assert.Equal(Windows, monitor.State.Windows.Count);
        Assert.Empty(monitor.State.Alerts);
        Assert.All(monitor.State.Windows, w => Assert.Equal(DriftOutcome.NoDrift, w.Outcome));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(1000)]
    public void ShiftedColumns_AreNamed_AndNoOthers(int window)
    {
        string[] shifted = ["mean_radius", "mean_texture", "worst_area"];
        var rows = Table.Load();
        var monitor = new MonitorHarness(Rules with { WindowRows = window }, rows.Profile);
        var random = new Random(7);
        monitor.Send(rows.Delta(random, 1, window, shifted));
        monitor.Send(rows.Delta(random, 2, window, shifted));

        var alert = Assert.Single(monitor.State.Alerts);
        Assert.Equal(shifted.Order(), alert.Features.Order());
    }

    private sealed record Table(ReferenceProfile Profile, IReadOnlyList<string> Names, IReadOnlyList<double[]> Columns)
    {
        public static Table Load()
        {
            var path = Path.Combine(AppContext.BaseDirectory, "testdata", "breast_cancer.csv");
            var names = File.ReadLines(path).First().Split(',')[..^1];
            using var content = File.OpenRead(path);
            var table = ReferenceTable.Read(content, [.. names.Select(n => new WatchedFeature(n, FeatureKind.Inferred))], TestContext.Current.CancellationToken);
            return new Table(
                new ReferenceProfile(table.Rows, [.. table.Columns.Select(FeatureHistogram.Reference)]),
                names,
                [.. table.Columns.Select(c => c.Numbers!.ToArray())]);
        }

        /// <summary>Rows drawn with replacement; each shifted column grows by a half.</summary>
        public MonitorDelta Delta(Random random, long sequence, int rows, string[] shifted)
        {
            var picks = Enumerable.Range(0, rows).Select(_ => random.Next(Columns[0].Length)).ToArray();
            var request = new InferenceRequest([.. Names.Select((name, c) => new Tensor(
                name, "FP64", [rows], picks.Select(p => Columns[c][p] * (shifted.Contains(name) ? 1.5 : 1)).ToArray()))]);
            var open = new OpenDelta(new MonitorReference(1, [.. Profile.Features.Select(f => f.Bins)]));
            open.Count(new Observation(request, Samples.Response, rows, default), 0, rows);
            return open.Seal("test", sequence);
        }
    }
}
