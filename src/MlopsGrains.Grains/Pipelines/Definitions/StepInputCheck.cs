using System.Text.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Definitions;

/// <summary>
/// Judges the inputs of a definition's steps by their kinds: as far as they are known when it is registered (written out, or from the matrix), and again with the
/// params when a run starts.
/// </summary>
internal sealed class StepInputCheck(StepCatalog kinds, IReadOnlyList<StepSpec> steps)
{
    public void Definition(IReadOnlyList<StepDraft> drafts, List<PipelineFault> faults)
    {
        // An input whose key or references are wrong has been named already.
        var named = faults.Select(f => f.Field).ToHashSet(StringComparer.Ordinal);
        foreach (var (draft, step) in drafts.Zip(steps))
        {
            foreach (var fault in Faults(step, null).Where(f => !named.Contains($"{draft.Field}.with.{f.Input}")))
            {
                var node = draft.WithNode?.Find(fault.Input) ?? draft.Node;
                faults.Add(DefinitionException.At($"{draft.Field}.with.{fault.Input}", $"{draft.Field}.with.{fault.Message}", node.Line, node.Column).Fault);
            }
        }
    }

    /// <exception cref="Errors.MlopsException">With all faults.</exception>
    public void Start(IReadOnlyDictionary<string, JsonElement> parameters)
    {
        var faults = steps.SelectMany(s => Faults(s, parameters).Select(f => new PipelineFault($"steps.{s.Name}.with.{f.Input}", $"steps.{s.Name}.with.{f.Message}.", 0, 0))).ToList();
        if (faults.Count > 0)
        {
            throw DefinitionException.Refusal(faults);
        }
    }

    private IEnumerable<StepFault> Faults(StepSpec step, IReadOnlyDictionary<string, JsonElement>? parameters)
    {
        var with = JsonNode.Parse(step.With)!;
        var variants = step.Variants();
        var differ = Template.References(with).Any(r => r.Scope == ReferenceScope.Matrix);
        return variants.Take(differ ? variants.Count : 1).SelectMany(v => kinds.Faults(step.Uses, Resolved(with, parameters, v.Matrix), key => Source(with, key))).Distinct();
    }

    private static JsonElement Resolved(JsonNode with, IReadOnlyDictionary<string, JsonElement>? parameters, Dictionary<string, JsonElement>? matrix) =>
        JsonSerializer.SerializeToElement(Template.ResolveKnown(
            with,
            r => (r.Scope == ReferenceScope.Matrix && matrix?.ContainsKey(r.Name) == true) || (r.Scope == ReferenceScope.Param && parameters?.ContainsKey(r.Name) == true),
            r => JsonSerializer.SerializeToNode(r.Scope == ReferenceScope.Matrix ? matrix![r.Name] : parameters![r.Name])));

    private StepSource? Source(JsonNode with, string key)
    {
        if (with[key] is JsonValue value && value.TryGetValue<string>(out var text)
            && Template.Parse(text) is [TemplateReference { Scope: ReferenceScope.StepOutputs } reference]
            && steps.FirstOrDefault(s => s.Name == reference.Name) is { } step
            && kinds.Find(step.Uses) is { } kind)
        {
            return new StepSource(step.Uses, StepCheck.Known(kind, JsonSerializer.Deserialize<JsonElement>(step.With), p => !Template.IsOpen(p.Value)));
        }

        return null;
    }
}
