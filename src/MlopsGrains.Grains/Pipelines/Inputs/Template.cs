using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MlopsGrains.Grains.Pipelines.Inputs;

internal enum ReferenceScope
{
    Param,
    Matrix,
    RunId,
    StepOutputs,
}

/// <param name="Scope">What is meant.</param>
/// <param name="Name">Param, matrix key or step; empty for the run id.</param>
/// <param name="Key">Output key; <see langword="null"/> for all outputs of the step.</param>
internal sealed record TemplateReference(ReferenceScope Scope, string Name, string? Key);

/// <summary>
/// Texts with <c>${…}</c> references. A text that is one reference takes the value with its type, else the values are put in as text; <c>$${</c> writes a literal
/// <c>${</c>. Everything is resolved in one pass, so a value that looks like a reference stays what it is.
/// </summary>
internal static partial class Template
{
    /// <summary>The parts of a text: literals and references.</summary>
    /// <exception cref="FormatException">A reference is not closed or has an unknown form.</exception>
    public static IReadOnlyList<object> Parse(string text)
    {
        var parts = new List<object>();
        var literal = new StringBuilder();
        var i = 0;
        while (i < text.Length)
        {
            if (text.AsSpan(i).StartsWith("$${"))
            {
                literal.Append("${");
                i += 3;
            }
            else if (text.AsSpan(i).StartsWith("${"))
            {
                var end = text.IndexOf('}', i);
                if (end < 0)
                {
                    throw new FormatException("the reference that begins with '${' is not closed by '}'");
                }

                if (literal.Length > 0)
                {
                    parts.Add(literal.ToString());
                    literal.Clear();
                }

                parts.Add(ParseReference(text[(i + 2)..end].Trim()));
                i = end + 1;
            }
            else
            {
                literal.Append(text[i++]);
            }
        }

        if (literal.Length > 0 || parts.Count == 0)
        {
            parts.Add(literal.ToString());
        }

        return parts;
    }

    /// <summary>All references below a node.</summary>
    public static IEnumerable<TemplateReference> References(JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(p => References(p.Value)),
        JsonArray a => a.SelectMany(References),
        JsonValue v when v.TryGetValue<string>(out var text) => Parse(text).OfType<TemplateReference>(),
        _ => [],
    };

    /// <summary>A copy of the node with every reference replaced by what <paramref name="lookup"/> gives.</summary>
    public static JsonNode? Resolve(JsonNode? node, Func<TemplateReference, JsonNode?> lookup) => node switch
    {
        JsonObject o => new JsonObject(o.Select(p => KeyValuePair.Create(p.Key, Resolve(p.Value, lookup)))),
        JsonArray a => new JsonArray([.. a.Select(item => Resolve(item, lookup))]),
        JsonValue v when v.TryGetValue<string>(out var text) => ResolveText(text, lookup),
        _ => node?.DeepClone(),
    };

    /// <summary>A copy of the node in which each text whose references are all known is resolved; other texts stay as they are written.</summary>
    public static JsonNode? ResolveKnown(JsonNode? node, Func<TemplateReference, bool> known, Func<TemplateReference, JsonNode?> lookup) => node switch
    {
        JsonObject o => new JsonObject(o.Select(p => KeyValuePair.Create(p.Key, ResolveKnown(p.Value, known, lookup)))),
        JsonArray a => new JsonArray([.. a.Select(item => ResolveKnown(item, known, lookup))]),
        JsonValue v when v.TryGetValue<string>(out var text) && Parse(text).OfType<TemplateReference>().All(known) => ResolveText(text, lookup),
        _ => node?.DeepClone(),
    };

    /// <summary>Whether references are left anywhere in a value.</summary>
    public static bool IsOpen(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Any(p => IsOpen(p.Value)),
        JsonValueKind.Array => value.EnumerateArray().Any(IsOpen),
        JsonValueKind.String => HasReference(value.GetString()!),
        _ => false,
    };

    private static bool HasReference(string text)
    {
        try
        {
            return Parse(text).Any(p => p is TemplateReference);
        }
        catch (FormatException)
        {
            // A literal ${ that was escaped: there is nothing to resolve in it.
            return false;
        }
    }

    private static JsonNode? ResolveText(string text, Func<TemplateReference, JsonNode?> lookup)
    {
        var parts = Parse(text);
        if (parts is [TemplateReference only])
        {
            return lookup(only)?.DeepClone();
        }

        return JsonValue.Create(string.Concat(parts.Select(p => p is TemplateReference r ? AsText(lookup(r)) : (string)p)));
    }

    private static string AsText(JsonNode? value) => value switch
    {
        null => "",
        JsonValue v when v.GetValueKind() == JsonValueKind.String => v.GetValue<string>(),
        _ => value.ToJsonString(),
    };

    private static TemplateReference ParseReference(string text)
    {
        if (text == "run.id")
        {
            return new TemplateReference(ReferenceScope.RunId, "", null);
        }

        if (Scalar().Match(text) is { Success: true } scalar)
        {
            var scope = scalar.Groups["scope"].Value == "params" ? ReferenceScope.Param : ReferenceScope.Matrix;
            return new TemplateReference(scope, scalar.Groups["name"].Value, null);
        }

        if (Outputs().Match(text) is { Success: true } outputs)
        {
            return new TemplateReference(ReferenceScope.StepOutputs, outputs.Groups["step"].Value, outputs.Groups["key"] is { Success: true } key ? key.Value : null);
        }

        throw new FormatException(
            $"'${{{(text.Length <= 100 ? text : text[..100] + "…")}}}' is not a reference; expected ${{params.x}}, ${{matrix.x}}, ${{steps.<step>.outputs.<key>}}, ${{steps.<step>.outputs}} or ${{run.id}}");
    }

    [GeneratedRegex(@"\A(?<scope>params|matrix)\.(?<name>[A-Za-z0-9][A-Za-z0-9_-]*)\z")]
    private static partial Regex Scalar();

    [GeneratedRegex(@"\Asteps\.(?<step>[A-Za-z0-9][A-Za-z0-9._-]*?)\.outputs(\.(?<key>[A-Za-z0-9][A-Za-z0-9_-]*))?\z")]
    private static partial Regex Outputs();
}
