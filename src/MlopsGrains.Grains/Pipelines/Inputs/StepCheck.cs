using System.Text.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Inputs;

/// <summary>Something wrong with a step's inputs.</summary>
/// <param name="Input">The path below <c>with</c>, such as <c>thresholds[0].min</c>.</param>
/// <param name="Message">Begins with the path: <c>trees is 0; expected 1–2000</c>.</param>
public sealed record StepFault(string Input, string Message);

/// <summary>The step whose outputs an input takes.</summary>
/// <param name="Uses">Its kind.</param>
/// <param name="With">Those of its inputs that are known.</param>
public sealed record StepSource(string Uses, StepInputs With);

/// <summary>A step's inputs, as far as they are known and right for themselves, for the rules that look at several of them.</summary>
public sealed class StepCheck
{
    private readonly JsonElement with;
    private readonly Func<string, StepSource?> source;

    internal StepCheck(StepKind kind, JsonElement with, IReadOnlySet<string> broken, Func<string, StepSource?> source)
    {
        this.with = with;
        this.source = source;
        With = Known(kind, with, p => !broken.Contains(p.Name) && !Template.IsOpen(p.Value));
    }

    /// <summary>Known inputs with the declared defaults of those that are left out.</summary>
    public StepInputs With { get; }

    /// <summary>Whether an input is given, known or not.</summary>
    public bool Has(string key) => new StepInputs(with).Find(key) is not null;

    /// <summary>The step whose outputs an input takes; <see langword="null"/> when it takes none, or when its value is known already.</summary>
    public StepSource? Source(string key) => source(key);

    internal static StepInputs Known(StepKind kind, JsonElement with, Func<JsonProperty, bool> keep)
    {
        var given = with.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null).ToList();
        var known = given.Where(keep).Select(p => KeyValuePair.Create(p.Name, JsonSerializer.SerializeToNode(p.Value)));
        var defaults = (kind.Inputs ?? []).Where(i => i.Default is not null && given.All(p => p.Name != i.Name))
            .Select(i => KeyValuePair.Create(i.Name, (JsonNode?)JsonValue.Create(i.Default)));
        return new StepInputs(JsonSerializer.SerializeToElement(new JsonObject(known.Concat(defaults))));
    }
}
