using System.Globalization;
using System.Text.Json;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>A step's resolved inputs. Outputs of other steps are texts, so numbers and booleans are read from texts too.</summary>
public sealed class StepInputs(JsonElement root)
{
    public IEnumerable<string> Keys => root.ValueKind == JsonValueKind.Object ? root.EnumerateObject().Select(p => p.Name) : [];

    public JsonElement? Find(string key) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public JsonElement Required(string key) => Find(key) ?? throw MlopsException.Invalid("with." + key, $"with.{key} is required.");

    public string Text(string key) => AsText(key, Required(key));

    public string? TextOrNull(string key) => Find(key) is { } value ? AsText(key, value) : null;

    public double Number(string key, double standard) => Find(key) is { } value ? AsNumber(key, value) : standard;

    public double? NumberOrNull(string key) => Find(key) is { } value ? AsNumber(key, value) : null;

    public int Whole(string key, int standard, int min, int max) =>
        WholeOrNull(key) is not { } n ? standard : n >= min && n <= max ? (int)n : throw MlopsException.Invalid("with." + key, $"with.{key} is {n}; expected {min}–{max}.");

    public long? WholeOrNull(string key) =>
        Find(key) is not { } value ? null
        : long.TryParse(value.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n
        : throw MlopsException.Invalid("with." + key, $"with.{key} must be a whole number, not '{value}'.");

    public bool Flag(string key, bool standard) =>
        Find(key) is not { } value ? standard
        : bool.TryParse(value.ToString(), out var flag) ? flag
        : throw MlopsException.Invalid("with." + key, $"with.{key} must be true or false, not '{value}'.");

    public IReadOnlyList<string> Texts(string key) => Find(key) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(e => AsText(key, e))],
        { } one => [AsText(key, one)],
    };

    private static string AsText(string key, JsonElement value) => value.ValueKind is JsonValueKind.Object or JsonValueKind.Array
        ? throw MlopsException.Invalid("with." + key, $"with.{key} must be a text.")
        : value.ToString();

    private static double AsNumber(string key, JsonElement value) =>
        double.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var n) && double.IsFinite(n)
            ? n
            : throw MlopsException.Invalid("with." + key, $"with.{key} must be a number, not '{value}'.");
}
