using System.Text.Json;

namespace MlopsGrains.Gateway.Json;

/// <summary>Doubles as every protocol here writes them: shortest round-trip numbers, and strings for what JSON has no number for.</summary>
internal static class JsonDoubles
{
    public static void WriteDouble(this Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteStringValue(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8);
        }
    }
}
