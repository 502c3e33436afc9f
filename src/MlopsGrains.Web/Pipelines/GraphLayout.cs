namespace MlopsGrains.Web.Pipelines;

/// <summary>A step to be drawn.</summary>
/// <param name="Name">Unique.</param>
/// <param name="Group">Steps of one fan-out share it.</param>
/// <param name="Needs">Names of steps before it.</param>
public sealed record GraphStep(string Name, string Group, IReadOnlyList<string> Needs);

/// <summary>A box of one step, or of a fan-out with a line a step. Pixels.</summary>
internal sealed record GraphBox(string Group, IReadOnlyList<string> Steps, int Layer, int X, int Y, int Width, int Height);

/// <summary>From the right edge of a box to the left edge of another.</summary>
internal sealed record GraphEdge(string From, string To, int X1, int Y1, int X2, int Y2);

/// <summary>
/// A definition from left to right: a box stands one layer behind the last that it needs; in a layer boxes stand in the order of what they need, so that lines cross little. Linear in steps and
/// needs but for the sorts.
/// </summary>
internal sealed record GraphLayout(int Width, int Height, IReadOnlyList<GraphBox> Boxes, IReadOnlyList<GraphEdge> Edges)
{
    public const int LineHeight = 26;
    public const int HeadHeight = 26;

    private const int BoxHeight = 44;
    private const int GapX = 20;
    private const int GapY = 8;
    private const int WidthMin = 84;
    private const int WidthMax = 200;
    private const int CharacterWidth = 7;
    private const int Frame = 42;
    private const int Sweeps = 2;

    /// <param name="steps">In an order in which every step comes after its needs; needs that are not among them are left out.</param>
    public static GraphLayout Of(IReadOnlyList<GraphStep> steps)
    {
        var groupOf = steps.ToDictionary(s => s.Name, s => s.Group, StringComparer.Ordinal);
        var groups = steps.GroupBy(s => s.Group, StringComparer.Ordinal).ToList();
        var needs = groups.ToDictionary(
            g => g.Key,
            g => g.SelectMany(s => s.Needs).Where(groupOf.ContainsKey).Select(n => groupOf[n]).Where(n => n != g.Key).Distinct(StringComparer.Ordinal).ToList(),
            StringComparer.Ordinal);

        var layers = Layers(groups, needs);
        var (x, boxes) = (0, new Dictionary<string, GraphBox>(StringComparer.Ordinal));
        var height = layers.Select(layer => Stack(layer.Select(g => HeightOf(g.Count())))).DefaultIfEmpty(BoxHeight).Max();
        for (var number = 0; number < layers.Count; number++)
        {
            var width = layers[number].Max(g => WidthOf(g.Key, [.. g]));
            var y = (height - Stack(layers[number].Select(g => HeightOf(g.Count())))) / 2;
            foreach (var group in layers[number])
            {
                var box = new GraphBox(group.Key, [.. group.Select(s => s.Name)], number, x, y, width, HeightOf(group.Count()));
                boxes.Add(group.Key, box);
                y += box.Height + GapY;
            }

            x += width + GapX;
        }

        var edges = groups.SelectMany(g => needs[g.Key].Select(n => Edge(boxes[n], boxes[g.Key]))).ToList();
        return new GraphLayout(Math.Max(0, x - GapX), height, [.. groups.Select(g => boxes[g.Key])], edges);
    }

    private static List<List<IGrouping<string, GraphStep>>> Layers(List<IGrouping<string, GraphStep>> groups, Dictionary<string, List<string>> needs)
    {
        var layerOf = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var group in groups)
        {
            layerOf[group.Key] = needs[group.Key].Where(layerOf.ContainsKey).Select(n => layerOf[n] + 1).DefaultIfEmpty(0).Max();
        }

        var layers = groups.GroupBy(g => layerOf[g.Key]).OrderBy(l => l.Key).Select(l => l.ToList()).ToList();
        var place = new Dictionary<string, double>(StringComparer.Ordinal);
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            foreach (var layer in layers)
            {
                var sorted = layer.OrderBy(g => needs[g.Key].Select(n => place.GetValueOrDefault(n)).DefaultIfEmpty(0).Average()).ToList();
                layer.Clear();
                layer.AddRange(sorted);
                for (var i = 0; i < layer.Count; i++)
                {
                    place[layer[i].Key] = (i + 0.5) / layer.Count;
                }
            }
        }

        return layers;
    }

    private static GraphEdge Edge(GraphBox from, GraphBox to) =>
        new(from.Group, to.Group, from.X + from.Width, from.Y + (from.Height / 2), to.X, to.Y + (to.Height / 2));

    private static int Stack(IEnumerable<int> heights) => heights.Sum(h => h + GapY) - GapY;

    private static int HeightOf(int steps) => steps == 1 ? BoxHeight : HeadHeight + (steps * LineHeight) + 4;

    private static int WidthOf(string group, IReadOnlyList<GraphStep> steps)
    {
        var letters = steps.Count == 1 ? steps[0].Name.Length : steps.Max(s => Math.Max(group.Length, s.Name.Length - group.Length - 1) + 9);
        return Math.Clamp((letters * CharacterWidth) + Frame, WidthMin, WidthMax);
    }
}
