using System.Globalization;
using System.Text.Json;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Data;

/// <summary>Reads what rules are given. Numbers may be texts, because templates make texts.</summary>
internal static class RuleArgument
{
    public static double? Number(JsonElement value, string place) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.Number or JsonValueKind.String when double.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => number,
        _ => throw MlopsException.Invalid(place, $"{place} must be a number."),
    };

    public static bool Flag(JsonElement value, string place) =>
        bool.TryParse(value.ToString(), out var flag) ? flag : throw MlopsException.Invalid(place, $"{place} must be true or false.");

    /// <summary>Two bounds; a null one is open.</summary>
    public static (double Min, double Max) Bounds(JsonElement value, string place)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != 2)
        {
            throw MlopsException.Invalid(place, $"{place} must be a list of two bounds, such as [0, 10] or [0, null].");
        }

        var min = Number(value[0], $"{place}[0]") ?? double.NegativeInfinity;
        var max = Number(value[1], $"{place}[1]") ?? double.PositiveInfinity;
        return min <= max ? (min, max) : throw MlopsException.Invalid(place, string.Create(CultureInfo.InvariantCulture, $"{place} begins at {min}, above its end {max}."));
    }

    public static IReadOnlyList<string> Texts(JsonElement value, string place) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
            ? [.. value.EnumerateArray().Select((v, i) => Text(v, $"{place}[{i}]"))]
            : throw MlopsException.Invalid(place, $"{place} must be a list of values.");

    public static string Text(JsonElement value, string place) =>
        value.ValueKind is JsonValueKind.Array or JsonValueKind.Object or JsonValueKind.Null or JsonValueKind.Undefined
            ? throw MlopsException.Invalid(place, $"{place} must be a text, number or boolean.")
            : value.ValueKind is JsonValueKind.True ? "true" : value.ValueKind is JsonValueKind.False ? "false" : value.ToString();
}
