using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Identity;

namespace MlopsGrains.Grains.Pipelines.Definitions;

/// <summary>YAML text to a checked <see cref="PipelineSpec"/>. Every refusal names the field, the line and the column.</summary>
internal sealed class PipelineYaml(IReadOnlyDictionary<string, StepKind> kinds)
{
    public const int StepsMax = 256;
    public const int ParamsMax = 100;
    public const int AttemptsMax = 10;
    public const int DescriptionLengthMax = 5_000;
    public static readonly TimeSpan TimeoutDefault = TimeSpan.FromMinutes(30);
    public static readonly TimeSpan TimeoutMax = TimeSpan.FromHours(24);

    private static readonly string[] RootKeys = ["name", "description", "params", "steps", "triggers"];
    private static readonly string[] StepKeys = ["name", "uses", "needs", "matrix", "with", "retry", "timeout"];

    public PipelineSpec Read(string yaml)
    {
        var root = Map(YamlTree.Read(yaml), "yaml", RootKeys);
        var name = Name(Required(root, "", "name"), "name");
        var description = Find(root, "description") is { } d ? Text(d, "description") : null;
        if (description?.Length > DescriptionLengthMax)
        {
            throw Invalid(Find(root, "description")!, "description", $"has {description.Length} characters; at most {DescriptionLengthMax}");
        }

        var parameters = ReadParams(Find(root, "params"));
        var steps = ReadSteps(Required(root, "", "steps"), parameters);
        var triggers = ReadTriggers(Find(root, "triggers"));
        return new PipelineSpec(name, description, parameters, StepOrder.Sort(steps), triggers);
    }

    private static List<KeyValuePair<string, JsonElement>> ReadParams(YamlNode? node)
    {
        if (node is null)
        {
            return [];
        }

        var map = Map(node, "params", null);
        if (map.Entries.Count > ParamsMax)
        {
            throw Invalid(map, "params", $"has {map.Entries.Count} entries; at most {ParamsMax}");
        }

        return [.. map.Entries.Select(e => KeyValuePair.Create(
            Name(e.Key, "params"),
            e.Value is YamlScalar value ? JsonSerializer.SerializeToElement(value.ToJson()) : throw Invalid(e.Value, "params." + e.Key.Value, "must be a text, number, boolean or null")))];
    }

    private List<(StepSpec Step, YamlNode Node, string Field)> ReadSteps(YamlNode node, List<KeyValuePair<string, JsonElement>> parameters)
    {
        var list = List(node, "steps");
        if (list.Items.Count is 0 or > StepsMax)
        {
            throw Invalid(list, "steps", $"has {list.Items.Count} steps; expected 1–{StepsMax}");
        }

        var drafts = list.Items.Select((item, i) => StepDraft.Read(item, $"steps[{i}]", StepKeys)).ToList();
        var names = new Dictionary<string, StepDraft>(StringComparer.Ordinal);
        foreach (var draft in drafts)
        {
            if (!names.TryAdd(draft.Name, draft))
            {
                throw Invalid(draft.NameNode, draft.Field + ".name", $"'{draft.Name}' is the name of an earlier step too");
            }
        }

        foreach (var draft in drafts)
        {
            if (!kinds.ContainsKey(draft.Uses))
            {
                throw Invalid(draft.UsesNode, draft.Field + ".uses", $"'{draft.Uses}' is unknown; expected one of {string.Join(", ", kinds.Keys.Order(StringComparer.Ordinal))}");
            }
        }

        var expanded = drafts.Sum(d => d.Variants);
        return expanded <= StepsMax
            ? [.. drafts.Select(d => (Complete(d, names, parameters), d.Node, d.Field))]
            : throw Invalid(list, "steps", $"fan out to {expanded} steps; at most {StepsMax}");
    }

    private StepSpec Complete(StepDraft draft, Dictionary<string, StepDraft> names, List<KeyValuePair<string, JsonElement>> parameters)
    {
        var needs = new List<string>();
        foreach (var (name, node, field) in draft.Needs)
        {
            if (!names.ContainsKey(name))
            {
                throw Invalid(node, field, $"'{name}' is no step of this pipeline");
            }

            if (!needs.Contains(name))
            {
                needs.Add(name);
            }
        }

        if (draft.WithNode is { } map && kinds[draft.Uses].Inputs is { } inputs)
        {
            _ = Map(map, draft.Field + ".with", inputs);
        }

        var with = draft.WithNode is null ? new JsonObject() : Json(draft.WithNode, draft.Field + ".with", (reference, node, field) =>
        {
            Check(reference, draft, names, parameters, node, field);
            if (reference.Scope == ReferenceScope.StepOutputs && !needs.Contains(reference.Name))
            {
                needs.Add(reference.Name);
            }
        });
        return new StepSpec(draft.Name, draft.Uses, needs, draft.Matrix, with!.ToJsonString(), draft.Attempts, draft.Timeout);
    }

    private void Check(
        TemplateReference reference, StepDraft draft, Dictionary<string, StepDraft> names, List<KeyValuePair<string, JsonElement>> parameters, YamlNode node, string field)
    {
        switch (reference.Scope)
        {
            case ReferenceScope.Param when parameters.All(p => p.Key != reference.Name):
                throw Invalid(node, field, $"refers to the unknown param '{reference.Name}'");
            case ReferenceScope.Matrix when draft.Matrix.All(m => m.Key != reference.Name):
                throw Invalid(node, field, $"refers to '{reference.Name}', which is not in the step's matrix");
            case ReferenceScope.StepOutputs when !names.ContainsKey(reference.Name):
                throw Invalid(node, field, $"refers to the unknown step '{reference.Name}'");
            case ReferenceScope.StepOutputs when reference.Key is { } key && kinds[names[reference.Name].Uses].Outputs is { } outputs && !outputs.Contains(key):
                throw Invalid(node, field, $"refers to the output '{key}' of '{reference.Name}', which gives {string.Join(", ", outputs)}");
            default:
                break;
        }
    }

    private static List<string> ReadTriggers(YamlNode? node)
    {
        if (node is null)
        {
            return [];
        }

        return [.. List(node, "triggers").Items.Select((item, i) =>
        {
            var map = Map(item, $"triggers[{i}]", ["alert"]);
            return Name(Required(map, $"triggers[{i}].", "alert"), $"triggers[{i}].alert");
        }).Distinct()];
    }

    /// <summary>A node as JSON; <paramref name="seen"/> hears of each reference in it.</summary>
    private static JsonNode? Json(YamlNode node, string field, Action<TemplateReference, YamlNode, string> seen)
    {
        switch (node)
        {
            case YamlMap map:
                return new JsonObject(map.Entries.Select(e => KeyValuePair.Create(e.Key.Value, Json(e.Value, $"{field}.{e.Key.Value}", seen))));
            case YamlList list:
                return new JsonArray([.. list.Items.Select((item, i) => Json(item, $"{field}[{i}]", seen))]);
            default:
                var scalar = (YamlScalar)node;
                try
                {
                    foreach (var reference in Template.Parse(scalar.Value).OfType<TemplateReference>())
                    {
                        seen(reference, node, field);
                    }
                }
                catch (FormatException e)
                {
                    throw Invalid(node, field, e.Message);
                }

                return scalar.ToJson();
        }
    }

    internal static MlopsException Invalid(YamlNode node, string field, string message) => MlopsException.Invalid(field, $"{field} {message} {node.At}.");

    internal static YamlMap Map(YamlNode node, string field, IReadOnlyList<string>? keys)
    {
        if (node is not YamlMap map)
        {
            throw Invalid(node, field, "must be a mapping");
        }

        if (keys is not null && map.Entries.FirstOrDefault(e => !keys.Contains(e.Key.Value)).Key is { } unknown)
        {
            var path = field is "yaml" ? unknown.Value : $"{field}.{unknown.Value}";
            throw Invalid(unknown, path.Length <= 200 ? path : path[..200], $"is unknown; expected {(keys.Count == 0 ? "no keys" : "one of " + string.Join(", ", keys))}");
        }

        return map;
    }

    internal static YamlList List(YamlNode node, string field) => node as YamlList ?? throw Invalid(node, field, "must be a list");

    internal static YamlNode? Find(YamlMap map, string key) => map.Entries.FirstOrDefault(e => e.Key.Value == key).Value;

    internal static YamlNode Required(YamlMap map, string prefix, string key) => Find(map, key) ?? throw Invalid(map, prefix + key, "is required");

    internal static string Text(YamlNode node, string field) =>
        node is YamlScalar { } scalar && (scalar.Value.Length > 0 || !scalar.Plain) ? scalar.Value : throw Invalid(node, field, "must be a text");

    internal static string Name(YamlNode node, string field)
    {
        try
        {
            return Names.Check(field, Text(node, field));
        }
        catch (MlopsException e) when (!e.Message.Contains("(line ", StringComparison.Ordinal))
        {
            throw MlopsException.Invalid(field, string.Create(CultureInfo.InvariantCulture, $"{e.Message} {node.At}"));
        }
    }
}
