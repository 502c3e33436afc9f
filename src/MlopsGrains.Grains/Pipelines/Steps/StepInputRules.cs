using System.Globalization;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Data;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>Judges a step's inputs by their declarations. Pure.</summary>
internal static class StepInputRules
{
    private const int CandidatesMax = 100;

    public static IEnumerable<StepFault> Faults(IReadOnlyList<StepInput> declared, JsonElement with, string prefix)
    {
        var given = with.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null).ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
        foreach (var unknown in given.Keys.Where(k => declared.All(d => d.Name != k)))
        {
            yield return Fault(prefix + unknown, $"is unknown; expected one of {string.Join(", ", declared.Select(d => d.Name))}");
        }

        foreach (var input in declared)
        {
            var path = prefix + input.Name;
            if (!given.TryGetValue(input.Name, out var value) || (input.Required && value is { ValueKind: JsonValueKind.String } && value.GetString()!.Length == 0))
            {
                if (input.Required)
                {
                    yield return Fault(path, "is required");
                }
                else if (input.RequiredWhen is { } when && Holds(when, declared, given))
                {
                    yield return Fault(path, $"is required when {when.Input} is {when.Value}");
                }

                continue;
            }

            foreach (var fault in Value(input, value, path))
            {
                yield return fault;
            }
        }
    }

    /// <summary>The range of a number in words, such as <c>1–2000</c> or <c>above 0 and at most 0.5</c>.</summary>
    public static string Range(StepInput input) => (input.Min, input.Max) switch
    {
        (null, null) => "any",
        ({ } min, { } max) when !input.MinExcluded && !input.MaxExcluded => Text($"{min}–{max}"),
        ({ } min, null) => input.MinExcluded ? Text($"above {min}") : Text($"{min} or more"),
        (null, { } max) => input.MaxExcluded ? Text($"below {max}") : Text($"at most {max}"),
        ({ } min, { } max) => Text($"{(input.MinExcluded ? "above" : "at least")} {min} and {(input.MaxExcluded ? "below" : "at most")} {max}"),
    };

    private static bool Holds(StepInputCondition when, IReadOnlyList<StepInput> declared, Dictionary<string, JsonElement> given) =>
        given.TryGetValue(when.Input, out var value)
            ? ScalarText.Of(value) == when.Value
            : declared.FirstOrDefault(d => d.Name == when.Input)?.Default == when.Value;

    private static IEnumerable<StepFault> Value(StepInput input, JsonElement value, string path)
    {
        switch (input.Type)
        {
            case StepInputType.Texts:
                return value.ValueKind == JsonValueKind.Array
                    ? value.EnumerateArray().SelectMany((item, i) => Scalar(input, item, $"{path}[{i}]"))
                    : Scalar(input, value, path);
            case StepInputType.Objects:
                return Items(value, path, (item, at) => item.ValueKind == JsonValueKind.Object
                    ? Faults(input.Items ?? [], item, at + ".")
                    : Template.IsOpen(item) ? [] : [Fault(at, $"must be a mapping with {string.Join(", ", (input.Items ?? []).Select(i => i.Name))}")]);
            case StepInputType.Expectations:
                return Items(value, path, (item, at) => Template.IsOpen(item) ? [] : Caught(at, () => ExpectationSuite.Check(item, at)), ExpectationSuite.RulesMax);
            default:
                return Template.IsOpen(value) ? [] : Closed(input, value, path);
        }
    }

    private static IEnumerable<StepFault> Closed(StepInput input, JsonElement value, string path) => input.Type switch
    {
        StepInputType.Numbers when value is { ValueKind: JsonValueKind.String } && value.GetString()!.Length == 0 => [],
        StepInputType.Numbers => Caught(path, () => StepData.Metrics(path, value)),
        StepInputType.Candidates when value.ValueKind == JsonValueKind.Object => [],
        StepInputType.Candidates => Items(value, path, (item, at) => item.ValueKind == JsonValueKind.Object ? [] : [Fault(at, "must be the outputs of a model/train step")], CandidatesMax),
        _ => Scalar(input, value, path),
    };

    private static IEnumerable<StepFault> Scalar(StepInput input, JsonElement value, string path)
    {
        if (value.ValueKind is JsonValueKind.Array or JsonValueKind.Object or JsonValueKind.Null)
        {
            return [Fault(path, $"must be {Kind(input)}")];
        }

        var text = ScalarText.Of(value);
        if (Template.IsOpen(value) || input.Choices?.Contains(text) == true)
        {
            return [];
        }

        return input.Type switch
        {
            StepInputType.Name => Caught(path, () => Names.Check(path, text)),
            StepInputType.ModelName => Caught(path, () => Names.CheckModel(path, text)),
            StepInputType.Digest => Caught(path, () => Names.CheckDigest(path, text)),
            StepInputType.WholeNumber => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
                ? Bounds(input, whole, text, path)
                : [Fault(path, $"must be {Kind(input)}, not '{Shorten(text)}'")],
            StepInputType.Number => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
                ? Bounds(input, number, text, path)
                : [Fault(path, $"must be {Kind(input)}, not '{Shorten(text)}'")],
            _ => input.Choices is { } choices ? [Fault(path, $"is '{Shorten(text)}'; expected one of {string.Join(", ", choices)}")] : [],
        };
    }

    private static IEnumerable<StepFault> Bounds(StepInput input, double value, string text, string path) =>
        value < input.Min || value > input.Max || (input.MinExcluded && value == input.Min) || (input.MaxExcluded && value == input.Max)
            ? [Fault(path, $"is {Shorten(text)}; expected {Range(input)}{(input.Choices is { } c ? " or " + string.Join(" or ", c) : "")}")]
            : [];

    private static IEnumerable<StepFault> Items(JsonElement value, string path, Func<JsonElement, string, IEnumerable<StepFault>> item, int max = int.MaxValue) =>
        value.ValueKind != JsonValueKind.Array ? Template.IsOpen(value) ? [] : [Fault(path, "must be a list")]
        : value.GetArrayLength() == 0 || value.GetArrayLength() > max ? [Fault(path, $"has {value.GetArrayLength()} entries; expected {(max == int.MaxValue ? "1 or more" : $"1–{max}")}")]
        : value.EnumerateArray().SelectMany((v, i) => item(v, $"{path}[{i}]"));

    private static IEnumerable<StepFault> Caught(string path, Action check)
    {
        try
        {
            check();
            return [];
        }
        catch (MlopsException e)
        {
            return [new StepFault(e.Field ?? path, e.Message.TrimEnd('.'))];
        }
    }

    private static string Kind(StepInput input) => input.Type switch
    {
        StepInputType.WholeNumber => "a whole number" + (input.Choices is { } c ? " or " + string.Join(" or ", c) : ""),
        StepInputType.Number => "a number",
        StepInputType.Texts => "a text or a list of texts",
        _ => "a text",
    };

    private static StepFault Fault(string path, string rest) => new(path, $"{path} {rest}");

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100] + "…";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
