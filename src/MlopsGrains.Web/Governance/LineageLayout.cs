using MlopsGrains.Governance;

namespace MlopsGrains.Web.Governance;

/// <summary>A lineage drawn from left to right, a column a kind. Pixels.</summary>
/// <param name="Width">Of all.</param>
/// <param name="Height">Of all.</param>
/// <param name="Heads">The columns that are there.</param>
/// <param name="Boxes">Things.</param>
/// <param name="Lines">From the right edge of a box to the left edge of another; one that leads to the left is a way back.</param>
internal sealed record LineageLayout(int Width, int Height, IReadOnlyList<LineageHead> Heads, IReadOnlyList<LineageBox> Boxes, IReadOnlyList<LineageLine> Lines)
{
    public const int BoxWidth = 176;
    public const int BoxHeight = 44;
    public const int HeadHeight = 24;

    private const int GapX = 44;
    private const int GapY = 8;

    public static LineageLayout Of(LineageGraph graph)
    {
        var columns = graph.Nodes.GroupBy(n => n.Kind).OrderBy(g => g.Key).ToList();
        var height = HeadHeight + Stack(columns.Select(c => c.Count()).DefaultIfEmpty(0).Max());
        var boxes = new Dictionary<string, LineageBox>(StringComparer.Ordinal);
        var heads = new List<LineageHead>();
        for (var i = 0; i < columns.Count; i++)
        {
            var x = i * (BoxWidth + GapX);
            heads.Add(new LineageHead(columns[i].Key, x, columns[i].Count()));
            var y = HeadHeight + ((height - HeadHeight - Stack(columns[i].Count())) / 2);

            // A thing stands at the height of what it came from, so that lines cross little.
            foreach (var node in columns[i].OrderBy(n => Middle(graph, n, boxes)).ThenByDescending(n => n.At).ThenBy(n => n.Id, StringComparer.Ordinal))
            {
                boxes.Add(node.Id, new LineageBox(node, x, y));
                y += BoxHeight + GapY;
            }
        }

        return new LineageLayout(
            Math.Max(0, (columns.Count * (BoxWidth + GapX)) - GapX), height, heads, [.. boxes.Values],
            [.. graph.Edges.Where(e => boxes.ContainsKey(e.From) && boxes.ContainsKey(e.To)).Select(e => Line(boxes[e.From], boxes[e.To]))]);
    }

    private static double Middle(LineageGraph graph, LineageNode node, Dictionary<string, LineageBox> placed) =>
        graph.Edges.Where(e => e.To == node.Id && placed.ContainsKey(e.From)).Select(e => (double)placed[e.From].Y).DefaultIfEmpty(double.MaxValue).Average();

    private static int Stack(int count) => count == 0 ? 0 : (count * (BoxHeight + GapY)) - GapY;

    private static LineageLine Line(LineageBox from, LineageBox to) => from.X < to.X
        ? new LineageLine(from.X + BoxWidth, from.Y + (BoxHeight / 2), to.X, to.Y + (BoxHeight / 2), IsBack: false)
        : new LineageLine(from.X, from.Y + (BoxHeight / 2), to.X + BoxWidth, to.Y + (BoxHeight / 2), IsBack: true);
}

/// <summary>A column's head.</summary>
internal sealed record LineageHead(LineageKind Kind, int X, int Count);

/// <summary>Where a thing stands.</summary>
internal sealed record LineageBox(LineageNode Node, int X, int Y);

/// <summary>A line between two boxes.</summary>
internal sealed record LineageLine(int X1, int Y1, int X2, int Y2, bool IsBack);
