using System.Text.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Pipelines.Definitions;

/// <summary>YAML text to a checked <see cref="PipelineSpec"/>. Every fault names the field, the line and the column.</summary>
internal sealed class PipelineYaml(StepCatalog kinds)
{
    public const int FaultsMax = 1_000;
    public static readonly TimeSpan TimeoutDefault = TimeSpan.FromMinutes(30);
    public static readonly TimeSpan TimeoutMax = TimeSpan.FromHours(24);

    private static readonly string[] RootKeys = ["name", "description", "params", "steps", "triggers"];
    private static readonly string[] StepKeys = ["name", "uses", "needs", "matrix", "with", "retry", "timeout"];

    /// <exception cref="MlopsException">With all faults; its field is the first one's.</exception>
    public PipelineSpec Read(string yaml)
    {
        var faults = new List<PipelineFault>();
        return Read(yaml, faults) is { } spec && faults.Count == 0 ? spec : throw DefinitionException.Refusal(faults);
    }

    public PipelineCheck Check(string yaml)
    {
        var faults = new List<PipelineFault>();
        var spec = Read(yaml, faults);
        return new PipelineCheck(faults.Count == 0, faults.Count == 0 ? spec!.Name : null, [.. faults.OrderBy(f => f.Line).ThenBy(f => f.Column).Take(FaultsMax)]);
    }

    private PipelineSpec? Read(string yaml, List<PipelineFault> faults)
    {
        try
        {
            var root = Map(YamlTree.Read(yaml), "yaml", RootKeys);
            var name = Name(Required(root, "", "name"), "name");
            var description = Find(root, "description") is { } d ? Text(d, "description") : null;
            if (description?.IsLongerThan(PipelineLimits.DescriptionLengthMax) == true)
            {
                throw Invalid(Find(root, "description")!, "description", $"has {description.CharacterCount()} characters; at most {PipelineLimits.DescriptionLengthMax}");
            }

            var parameters = ReadParams(Find(root, "params"));
            var steps = ReadSteps(Required(root, "", "steps"), parameters, faults);
            var triggers = ReadTriggers(Find(root, "triggers"));
            return steps is null ? null : new PipelineSpec(name, description, parameters, steps, triggers);
        }
        catch (DefinitionException e)
        {
            faults.Add(e.Fault);
            return null;
        }
    }

    private static List<KeyValuePair<string, JsonElement>> ReadParams(YamlNode? node)
    {
        if (node is null)
        {
            return [];
        }

        var map = Map(node, "params", null);
        if (map.Entries.Count > PipelineLimits.ParamsMax)
        {
            throw Invalid(map, "params", $"has {map.Entries.Count} entries; at most {PipelineLimits.ParamsMax}");
        }

        return [.. map.Entries.Select(e => KeyValuePair.Create(
            Name(e.Key, "params"),
            e.Value is YamlScalar value ? JsonSerializer.SerializeToElement(value.ToJson()) : throw Invalid(e.Value, "params." + e.Key.Value, "must be a text, number, boolean or null")))];
    }

    /// <summary>The steps in their order; <see langword="null"/> when there are <paramref name="faults"/> now.</summary>
    private IReadOnlyList<StepSpec>? ReadSteps(YamlNode node, List<KeyValuePair<string, JsonElement>> parameters, List<PipelineFault> faults)
    {
        var list = List(node, "steps");
        if (list.Items.Count is 0 or > PipelineLimits.StepsMax)
        {
            throw Invalid(list, "steps", $"has {list.Items.Count} steps; expected 1–{PipelineLimits.StepsMax}");
        }

        var drafts = new List<StepDraft>();
        var names = new Dictionary<string, StepDraft>(StringComparer.Ordinal);
        for (var i = 0; i < list.Items.Count; i++)
        {
            Collect(faults, () =>
            {
                var draft = StepDraft.Read(list.Items[i], i, StepKeys);
                drafts.Add(draft);
                if (!names.TryAdd(draft.Name, draft))
                {
                    throw Invalid(draft.NameNode, draft.Field + ".name", $"'{draft.Name}' is the name of an earlier step too");
                }

                if (kinds.Find(draft.Uses) is null)
                {
                    throw Invalid(draft.UsesNode, draft.Field + ".uses", $"'{draft.Uses}' is unknown; expected one of {string.Join(", ", kinds.Kinds.Select(k => k.Uses))}");
                }
            });
        }

        // Whatever refers to a step that could not be read would be called wrong too.
        if (faults.Count > 0)
        {
            return null;
        }

        var expanded = drafts.Sum(d => d.Variants);
        if (expanded > PipelineLimits.StepsMax)
        {
            throw Invalid(list, "steps", $"fan out to {expanded} steps; at most {PipelineLimits.StepsMax}");
        }

        var steps = drafts.Select(d => (Step: Complete(d, names, parameters, faults), d.Node, d.Field)).ToList();
        IReadOnlyList<StepSpec>? sorted = null;
        if (faults.Count == 0)
        {
            Collect(faults, () => sorted = StepOrder.Sort(steps));
        }

        new StepInputCheck(kinds, [.. steps.Select(s => s.Step)]).Definition(drafts, faults);
        return faults.Count == 0 ? sorted : null;
    }

    private StepSpec Complete(StepDraft draft, Dictionary<string, StepDraft> names, List<KeyValuePair<string, JsonElement>> parameters, List<PipelineFault> faults)
    {
        var needs = new List<string>();
        foreach (var (name, node, field) in draft.Needs)
        {
            Collect(faults, () => needs.Add(names.ContainsKey(name) ? name : throw Invalid(node, field, $"'{name}' is not a step of this pipeline")));
        }

        var with = new JsonObject();
        var inputs = kinds.Find(draft.Uses)!.Inputs;
        foreach (var (key, value) in draft.WithNode is { } map ? Map(map, draft.Field + ".with", null).Entries : [])
        {
            Collect(faults, () =>
            {
                var field = $"{draft.Field}.with.{key.Value}";
                with[key.Value] = Json(value, field, (reference, node, at) =>
                {
                    Collect(faults, () => Check(reference, draft, names, parameters, node, at));
                    if (reference.Scope == ReferenceScope.StepOutputs)
                    {
                        needs.Add(reference.Name);
                    }
                });
                if (inputs is not null && inputs.All(i => i.Name != key.Value))
                {
                    throw Invalid(key, field, $"is unknown; expected {(inputs.Count == 0 ? "no keys" : "one of " + string.Join(", ", inputs.Select(i => i.Name)))}");
                }
            });
        }

        return new StepSpec(draft.Name, draft.Uses, [.. needs.Distinct()], draft.Matrix, with.ToJsonString(), draft.Attempts, draft.Timeout);
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
            case ReferenceScope.StepOutputs when reference.Key is { } key && kinds.Find(names[reference.Name].Uses)?.Outputs is { } outputs && !outputs.Contains(key):
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

    private static void Collect(List<PipelineFault> faults, Action read)
    {
        try
        {
            read();
        }
        catch (DefinitionException e)
        {
            faults.Add(e.Fault);
        }
    }

    internal static DefinitionException Invalid(YamlNode node, string field, string message) => DefinitionException.At(field, $"{field} {message}", node.Line, node.Column);

    internal static YamlMap Map(YamlNode node, string field, IReadOnlyList<string>? keys)
    {
        if (node is not YamlMap map)
        {
            throw Invalid(node, field, "must be a mapping");
        }

        if (keys is not null && map.Entries.FirstOrDefault(e => !keys.Contains(e.Key.Value)).Key is { } unknown)
        {
            var path = field is "yaml" ? unknown.Value : $"{field}.{unknown.Value}";
            throw Invalid(unknown, path, $"is unknown; expected one of {string.Join(", ", keys)}");
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
        catch (MlopsException e)
        {
            throw DefinitionException.At(field, e.Message.TrimEnd('.'), node.Line, node.Column);
        }
    }
}
