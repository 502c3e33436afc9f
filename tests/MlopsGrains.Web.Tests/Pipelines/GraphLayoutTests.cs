using System.Diagnostics;
using MlopsGrains.Web.Pipelines;

namespace MlopsGrains.Web.Tests.Pipelines;

public sealed class GraphLayoutTests
{
    [Fact]
    public void ABox_StandsRightOfAllThatItNeeds()
    {
        var graph = GraphLayout.Of([Step("a"), Step("b", "a"), Step("c", "a"), Step("d", "c"), Step("e", "b", "d")]);

        Assert.Equal([("a", 0), ("b", 1), ("c", 1), ("d", 2), ("e", 3)], graph.Boxes.Select(b => (b.Group, b.Layer)));
        Assert.All(graph.Edges, e => Assert.True(e.X1 < e.X2, $"{e.From} → {e.To}"));
        Assert.Equal(5, graph.Edges.Count);
    }

    [Fact]
    public void AFanOut_IsOneBox_WithOneLineToIt()
    {
        GraphStep[] steps = [Step("split"), new("train@fast-tree", "train", ["split"]), new("train@fast-forest", "train", ["split"]), Step("evaluate", "train@fast-tree", "train@fast-forest")];

        var graph = GraphLayout.Of(steps);

        Assert.Equal(["split", "train", "evaluate"], graph.Boxes.Select(b => b.Group));
        Assert.Equal(["train@fast-tree", "train@fast-forest"], graph.Boxes[1].Steps);
        Assert.Equal([("split", "train"), ("train", "evaluate")], graph.Edges.Select(e => (e.From, e.To)));
    }

    [Fact]
    public void BoxesOfALayer_StandAsWhatTheyNeedStands_AndNeverOverlap()
    {
        var graph = GraphLayout.Of([Step("a"), Step("b"), Step("after-b", "b"), Step("after-a", "a")]);

        var at = graph.Boxes.ToDictionary(b => b.Group);
        Assert.True(at["a"].Y < at["b"].Y);
        Assert.True(at["after-a"].Y < at["after-b"].Y);
        Assert.All(
            graph.Boxes.SelectMany(b => graph.Boxes.Where(o => o != b), (b, o) => (b, o)),
            pair => Assert.False(pair.b.X < pair.o.X + pair.o.Width && pair.o.X < pair.b.X + pair.b.Width && pair.b.Y < pair.o.Y + pair.o.Height && pair.o.Y < pair.b.Y + pair.b.Height));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(256)]
    public void MostStepsThereMayBe_AreLaidOutWithinTheCanvas(int width)
    {
        GraphStep[] steps = [.. Enumerable.Range(0, 256).Select(i => Step($"s{i}", [.. i < width ? [] : Enumerable.Range(0, Math.Min(3, width)).Select(k => $"s{i - width + ((i + k) % width) - (i % width)}")]))];
        var began = Stopwatch.GetTimestamp();

        var graph = GraphLayout.Of(steps);

        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(1));
        Assert.Equal(256, graph.Boxes.Count);
        Assert.All(graph.Boxes, b => Assert.True(b.X >= 0 && b.Y >= 0 && b.X + b.Width <= graph.Width && b.Y + b.Height <= graph.Height));
    }

    [Fact]
    public void NeedsThatAreNotThere_AreLeftOut() => Assert.Empty(GraphLayout.Of([Step("a", "gone")]).Edges);

    private static GraphStep Step(string name, params string[] needs) => new(name, name, needs);
}
