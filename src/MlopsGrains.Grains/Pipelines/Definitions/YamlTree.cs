using System.Globalization;
using System.Text.Json.Nodes;
using System.Text;
using MlopsGrains.Errors;
using YamlDotNet.Core.Events;
using YamlDotNet.Core;

namespace MlopsGrains.Grains.Pipelines.Definitions;

/// <summary>A YAML node that knows where it stands (line and column count from 1).</summary>
internal abstract record YamlNode(int Line, int Column)
{
    public string At => string.Create(CultureInfo.InvariantCulture, $"(line {Line}, column {Column})");
}

/// <param name="Value">The text.</param>
/// <param name="Plain">Written without quotes, so that it may be a number, a boolean or null.</param>
internal sealed record YamlScalar(string Value, bool Plain, int Line, int Column) : YamlNode(Line, Column)
{
    /// <summary>The value by YAML 1.2's core schema; other plain scalars and all quoted ones are text.</summary>
    public JsonNode? ToJson()
    {
        if (!Plain)
        {
            return JsonValue.Create(Value);
        }

        return Value switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ => Number(),
        };
    }

    private JsonValue Number()
    {
        if (Value.Length <= 32 && Value.Any(char.IsAsciiDigit) && Value.All(c => char.IsAsciiDigit(c) || c is '+' or '-' or '.' or 'e' or 'E'))
        {
            if (long.TryParse(Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            {
                return JsonValue.Create(whole);
            }

            if (double.TryParse(Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            {
                return JsonValue.Create(number);
            }
        }

        return JsonValue.Create(Value);
    }
}

internal sealed record YamlList(IReadOnlyList<YamlNode> Items, int Line, int Column) : YamlNode(Line, Column);

internal sealed record YamlMap(IReadOnlyList<KeyValuePair<YamlScalar, YamlNode>> Entries, int Line, int Column) : YamlNode(Line, Column);

/// <summary>
/// Reads one YAML document within limits. Anchors and aliases are refused, so a small text cannot grow into a large tree; so are tags and duplicate keys.
/// </summary>
internal static class YamlTree
{
    public const int BytesMax = 1024 * 1024;
    public const int DepthMax = 32;
    public const int NodesMax = 20_000;

    private const string Field = "yaml";

    public static YamlNode Read(string text)
    {
        if (text.Length > BytesMax || Encoding.UTF8.GetByteCount(text) > BytesMax)
        {
            throw MlopsException.Invalid(Field, string.Create(CultureInfo.InvariantCulture, $"The definition is larger than {BytesMax} bytes (line 1, column 1)."));
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
                throw MlopsException.Invalid(Field, $"A key must be a text {node.At}.");
            }

            if (!keys.Add(key.Value))
            {
                throw MlopsException.Invalid(Field, $"The key '{Shorten(key.Value)}' stands twice in one mapping {key.At}.");
            }

            entries.Add(new(key, ReadNode(parser, depth + 1, ref count)));
        }

        return new YamlMap(entries, line, column);
    }

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100] + "…";

    private static int Line(Mark mark) => Math.Max(1, (int)mark.Line);

    private static int Column(Mark mark) => Math.Max(1, (int)mark.Column);

    private static MlopsException Refused(Mark mark, string message) =>
        MlopsException.Invalid(Field, string.Create(CultureInfo.InvariantCulture, $"{message} (line {Line(mark)}, column {Column(mark)})"));
}
