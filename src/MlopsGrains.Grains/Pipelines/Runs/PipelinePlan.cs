using System.Globalization;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Pipelines;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Pipelines.Runs;

/// <summary>A definition and a start request to the steps of one run.</summary>
internal static class PipelinePlan
{
    /// <summary>The definition's params with the overrides, each with the type of its default.</summary>
    public static IReadOnlyDictionary<string, JsonElement> Params(PipelineSpec spec, IReadOnlyDictionary<string, string>? overrides)
    {
        var values = spec.Params.ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);
        foreach (var (name, text) in overrides ?? new Dictionary<string, string>())
        {
            var field = "params." + (name.Length <= 100 ? name : name[..100]);
            if (!values.TryGetValue(name, out var standard))
            {
                throw MlopsException.Invalid(field, $"{field} is not a param of pipeline '{spec.Name}', which has {(values.Count == 0 ? "none" : string.Join(", ", values.Keys))}.");
            }

            values[name] = Typed(field, text, standard.ValueKind);
        }

        return values;
    }

    public static IReadOnlyList<PlannedStep> Steps(PipelineSpec spec)
    {
        var variants = spec.Steps.ToDictionary(s => s.Name, s => s.Variants(), StringComparer.Ordinal);
        return [.. spec.Steps.SelectMany(step => variants[step.Name].Select(v => new PlannedStep(
            v.Name,
            step.Name,
            step.Uses,
            [.. step.Needs.SelectMany(n => variants[n].Select(child => child.Name))],
            step.With,
            v.Matrix,
            step.Attempts,
            (int)step.Timeout.TotalSeconds)))];
    }

    /// <summary>What people see of a definition before it runs.</summary>
    public static PipelineOutline Outline(PipelineSpec spec) => new(
        spec.Description,
        [.. spec.Params.Select(p => new PipelineParam(p.Key, TypeOf(p.Value), ScalarText.Of(p.Value)))],
        [.. Steps(spec).Select(s => new OutlinedStep(s.Name, s.Group, s.Uses, s.Needs))],
        spec.AlertTriggers);

    private static ParamType TypeOf(JsonElement standard) => standard.ValueKind switch
    {
        JsonValueKind.Number => ParamType.Number,
        JsonValueKind.True or JsonValueKind.False => ParamType.Boolean,
        _ => ParamType.Text,
    };

    private static JsonElement Typed(string field, string text, JsonValueKind kind)
    {
        if (text is null || text.IsLongerThan(PipelineLimits.ParamLengthMax))
        {
            throw MlopsException.Invalid(field, $"{field} must be a text of at most {PipelineLimits.ParamLengthMax} characters.");
        }

        return kind switch
        {
            JsonValueKind.Number when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) =>
                Written(text),
            JsonValueKind.Number => throw MlopsException.Invalid(field, $"{field} must be a number like its default, not '{text}'."),
            JsonValueKind.True or JsonValueKind.False when bool.TryParse(text, out _) => Written(text.ToLowerInvariant()),
            JsonValueKind.True or JsonValueKind.False => throw MlopsException.Invalid(field, $"{field} must be true or false like its default, not '{text}'."),
            _ => JsonSerializer.SerializeToElement(text),
        };
    }

    /// <summary>The text as YAML would read it, so that a param means the same however it is given.</summary>
    private static JsonElement Written(string text) => JsonSerializer.SerializeToElement(new YamlScalar(text, Plain: true, 1, 1).ToJson());
}
