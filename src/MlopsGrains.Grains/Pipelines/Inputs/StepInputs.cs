using System.Globalization;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Inputs;

/// <summary>
/// A step's inputs, checked against its kind and with the declared defaults of those that are left out. Outputs of other steps are texts, so numbers and booleans
/// are read from texts too.
/// </summary>
public sealed class StepInputs(JsonElement root)
{
    /// <summary>Resolved inputs, with the kind's defaults of what they leave out.</summary>
    public static StepInputs Complete(StepKind? kind, JsonElement with) =>
        kind?.Inputs is null ? new StepInputs(with) : StepCheck.Known(kind, with, static _ => true);

    public JsonElement? Find(string key) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public JsonElement Required(string key) => Find(key) ?? throw MlopsException.Invalid("with." + key, $"with.{key} is required.");

    public string Text(string key) => AsText(key, Required(key));

    public string? TextOrNull(string key) => Find(key) is { } value ? AsText(key, value) : null;

    public double Number(string key) => AsNumber(key, Required(key));

    public double? NumberOrNull(string key) => Find(key) is { } value ? AsNumber(key, value) : null;

    public int Whole(string key) => checked((int)AsWhole(key, Required(key)));

    public long? WholeOrNull(string key) => Find(key) is { } value ? AsWhole(key, value) : null;

    public IReadOnlyList<string> Texts(string key) => Find(key) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(e => AsText(key, e))],
        { } one => [AsText(key, one)],
    };

    /// <summary>The objects of a list; none when it is left out.</summary>
    public IReadOnlyList<StepInputs> Objects(string key) =>
        Find(key) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Select(e => new StepInputs(e))] : [];

    private static string AsText(string key, JsonElement value) => value.ValueKind is JsonValueKind.Object or JsonValueKind.Array
        ? throw MlopsException.Invalid("with." + key, $"with.{key} must be a text.")
        : ScalarText.Of(value);

    private static long AsWhole(string key, JsonElement value) =>
        long.TryParse(AsText(key, value), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n)
            ? n
            : throw MlopsException.Invalid("with." + key, $"with.{key} must be a whole number, not '{value}'.");

    private static double AsNumber(string key, JsonElement value) =>
        double.TryParse(AsText(key, value), NumberStyles.Float, CultureInfo.InvariantCulture, out var n) && double.IsFinite(n)
            ? n
            : throw MlopsException.Invalid("with." + key, $"with.{key} must be a number, not '{value}'.");
}
