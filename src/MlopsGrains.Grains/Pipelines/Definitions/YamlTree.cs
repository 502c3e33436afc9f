using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MlopsGrains.Pipelines;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace MlopsGrains.Grains.Pipelines.Definitions;

/// <summary>A YAML node that knows where it stands (line and column count from 1).</summary>
internal abstract record YamlNode(int Line, int Column)
{
    /// <summary>The node that a path such as <c>thresholds[0].min</c> leads to, or the last one on the way that is there.</summary>
    public YamlNode Find(string path)
    {
        var node = this;
        foreach (var step in path.Split(['.', '['], StringSplitOptions.RemoveEmptyEntries))
        {
            var next = node switch
            {
                YamlMap map => map.Entries.FirstOrDefault(e => e.Key.Value == step).Value,
                YamlList list when step.EndsWith(']') && int.TryParse(step.AsSpan(0, step.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var i) && i < list.Items.Count => list.Items[i],
                _ => null,
            };
            if (next is null)
            {
                return node;
            }

            node = next;
        }

        return node;
    }
}

/// <param name="Value">The text.</param>
/// <param name="Plain">Written without quotes, so that it may be a number, a boolean or null.</param>
internal sealed partial record YamlScalar(string Value, bool Plain, int Line, int Column) : YamlNode(Line, Column)
{
    private const int NumberLengthMax = 64;

    /// <summary>
    /// What is written as JSON writes it is that number, boolean or null, with its digits as they stand; everything else is a text. So whoever asks for a text gets
    /// what was written: <c>1.50</c>, <c>007</c>, <c>TRUE</c>.
    /// </summary>
    public JsonNode? ToJson() => Plain && Value is ("" or "~" or "null" or "Null" or "NULL") ? null
        : Plain && (Value is "true" or "false" || IsJsonNumber()) ? JsonNode.Parse(Value)
        : JsonValue.Create(Value);

    private bool IsJsonNumber() =>
        Value.Length <= NumberLengthMax && JsonNumber().IsMatch(Value) && double.IsFinite(double.Parse(Value, NumberStyles.Float, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z")]
    private static partial Regex JsonNumber();
}

internal sealed record YamlList(IReadOnlyList<YamlNode> Items, int Line, int Column) : YamlNode(Line, Column);

internal sealed record YamlMap(IReadOnlyList<KeyValuePair<YamlScalar, YamlNode>> Entries, int Line, int Column) : YamlNode(Line, Column);

/// <summary>
/// Reads one YAML document within limits. Anchors and aliases are refused, so a small text cannot grow into a large tree; so are tags and duplicate keys.
/// </summary>
internal static class YamlTree
{
    public const int DepthMax = 32;
    public const int NodesMax = 20_000;

    private const string Field = "yaml";

    public static YamlNode Read(string text)
    {
        if (text.Length > PipelineLimits.YamlBytesMax || Encoding.UTF8.GetByteCount(text) > PipelineLimits.YamlBytesMax)
        {
            throw Refused(Mark.Empty, string.Create(CultureInfo.InvariantCulture, $"The definition is larger than {PipelineLimits.YamlBytesMax} bytes"));
        }

        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                throw Refused(Mark.Empty, "The definition is empty.");
            }

            parser.Consume<DocumentStart>();
            var count = 0;
            var root = ReadNode(parser, 1, ref count);
            parser.Consume<DocumentEnd>();
            if (parser.Accept<DocumentStart>(out var second))
            {
                throw Refused(second.Start, "A definition is one YAML document, here a second one begins.");
            }

            return root;
        }
        catch (YamlException e)
        {
            throw Refused(e.Start, $"Not readable as YAML: {e.Message}");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            throw Refused(Mark.Empty, $"Not readable as YAML: {e.Message}");
        }
    }

    private static YamlNode ReadNode(Parser parser, int depth, ref int count)
    {
        if (parser.Accept<AnchorAlias>(out var alias))
        {
            throw Refused(alias.Start, $"Aliases (*{alias.Value}) are not allowed in a definition.");
        }

        var e = parser.Consume<NodeEvent>();
        if (!e.Anchor.IsEmpty)
        {
            throw Refused(e.Start, $"Anchors (&{e.Anchor}) are not allowed in a definition.");
        }

        if (!e.Tag.IsEmpty && !(e is Scalar && e.Tag.IsNonSpecific))
        {
            throw Refused(e.Start, $"Tags ({e.Tag}) are not allowed in a definition.");
        }

        if (++count > NodesMax)
        {
            throw Refused(e.Start, string.Create(CultureInfo.InvariantCulture, $"The definition has more than {NodesMax} nodes."));
        }

        if (depth > DepthMax)
        {
            throw Refused(e.Start, string.Create(CultureInfo.InvariantCulture, $"The definition is nested deeper than {DepthMax} levels."));
        }

        var (line, column) = (Line(e.Start), Column(e.Start));
        switch (e)
        {
            case Scalar scalar:
                return new YamlScalar(scalar.Value, scalar.Style == ScalarStyle.Plain, line, column);
            case SequenceStart:
                var items = new List<YamlNode>();
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    items.Add(ReadNode(parser, depth + 1, ref count));
                }

                return new YamlList(items, line, column);
            default:
                return ReadMap(parser, depth, ref count, line, column);
        }
    }

    private static YamlMap ReadMap(Parser parser, int depth, ref int count, int line, int column)
    {
        var entries = new List<KeyValuePair<YamlScalar, YamlNode>>();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var node = ReadNode(parser, depth + 1, ref count);
            if (node is not YamlScalar key)
            {
                throw DefinitionException.At(Field, "A key must be a text", node.Line, node.Column);
            }

            if (!keys.Add(key.Value))
            {
                throw DefinitionException.At(Field, $"The key '{Shorten(key.Value)}' stands twice in one mapping", key.Line, key.Column);
            }

            entries.Add(new(key, ReadNode(parser, depth + 1, ref count)));
        }

        return new YamlMap(entries, line, column);
    }

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100] + "…";

    private static int Line(Mark mark) => Math.Max(1, (int)mark.Line);

    private static int Column(Mark mark) => Math.Max(1, (int)mark.Column);

    private static DefinitionException Refused(Mark mark, string message) => DefinitionException.At(Field, message.TrimEnd('.'), Line(mark), Column(mark));
}
