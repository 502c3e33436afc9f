using MlopsGrains.Governance;
using MlopsGrains.Web.Governance;

namespace MlopsGrains.Web.Tests.Governance;

/// <summary>Where things of a lineage stand.</summary>
public sealed class LineageLayoutTests
{
    [Fact]
    public void Columns_StandInTheOrderOfKinds_AndALoopLeadsBack()
    {
        var layout = LineageLayout.Of(Graph(
            [("monitors/m", LineageKind.Monitor), ("runs/a", LineageKind.Run), ("runs/b", LineageKind.Run), ("pipeline-runs/p", LineageKind.PipelineRun)],
            ("pipeline-runs/p", "runs/a"), ("pipeline-runs/p", "runs/b"), ("monitors/m", "pipeline-runs/p"), ("gone", "runs/a")));

        Assert.Equal([LineageKind.PipelineRun, LineageKind.Run, LineageKind.Monitor], layout.Heads.Select(h => h.Kind));
        Assert.Equal(layout.Heads.Select(h => h.X).Order(), layout.Heads.Select(h => h.X));
        Assert.Equal([false, false, true], layout.Lines.Select(l => l.IsBack));
        var run = layout.Boxes.Where(b => b.Node.Kind == LineageKind.Run).Select(b => b.Y).Order().ToList();
        Assert.True(run[1] - run[0] >= LineageLayout.BoxHeight);
        Assert.All(layout.Boxes, b => Assert.InRange(b.Y, LineageLayout.HeadHeight, layout.Height - LineageLayout.BoxHeight));
        Assert.All(layout.Boxes, b => Assert.InRange(b.X, 0, layout.Width - LineageLayout.BoxWidth));
    }

    [Fact]
    public void Things_StandAtTheHeightOfWhatTheyCameFrom()
    {
        var layout = LineageLayout.Of(Graph(
            [("runs/a", LineageKind.Run), ("runs/b", LineageKind.Run), ("models/x/1", LineageKind.Model), ("models/y/1", LineageKind.Model)], ("runs/b", "models/x/1"), ("runs/a", "models/y/1")));

        Assert.Equal(["models/y/1", "models/x/1"], layout.Boxes.Where(b => b.Node.Kind == LineageKind.Model).OrderBy(b => b.Y).Select(b => b.Node.Id));
    }

    [Fact]
    public void OneThing_IsOneBox() => Assert.Equal((LineageLayout.BoxWidth, LineageLayout.HeadHeight + LineageLayout.BoxHeight), (LineageLayout.Of(Graph([("runs/a", LineageKind.Run)])) is var one ? one.Width : 0, LineageLayout.Of(Graph([("runs/a", LineageKind.Run)])).Height));

    private static LineageGraph Graph(IEnumerable<(string Id, LineageKind Kind)> nodes, params (string From, string To)[] edges) =>
        new("runs/a", [.. nodes.Select(n => new LineageNode(n.Id, n.Kind, n.Id, "", null, 0))], [.. edges.Select(e => new LineageEdge(e.From, e.To))], More: false);
}
