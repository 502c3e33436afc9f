using System.Text;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Json;

namespace MlopsGrains.Gateway.Deployments;

/// <summary>
/// Reads a tensor's data: one flat list, or lists nested as the shape says. Elements of another kind are refused, never coerced or wrapped. A missing element is
/// <c>null</c>, and in a floating tensor <c>""</c> or <c>"NaN"</c> too; whole numbers cannot be missing. The hot path of scoring: it reads the tokens of
/// <see cref="JsonReader"/> themselves, by a function for each datatype.
/// </summary>
internal static class OpenInferenceData
{
    /// <summary>More than a body within its limit can hold.</summary>
    private const long ElementsMax = 1L << 30;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private delegate bool ElementReader<T>(ref Utf8JsonReader reader, out T value);

    public static object Read(ref JsonReader reader, string tensor, string datatype, long[] shape, bool base64)
    {
        var place = new Place(tensor, datatype, shape, Count(ref reader, shape, tensor));
        return datatype switch
        {
            "FP32" => All(ref reader, place, static (ref Utf8JsonReader r, out float v) => Number(ref r, out v)),
            "FP64" => All(ref reader, place, static (ref Utf8JsonReader r, out double v) => Number(ref r, out v)),
            "INT8" => All(ref reader, place, static (ref Utf8JsonReader r, out long v) => Integer(ref r, sbyte.MinValue, sbyte.MaxValue, out v)),
            "INT16" => All(ref reader, place, static (ref Utf8JsonReader r, out long v) => Integer(ref r, short.MinValue, short.MaxValue, out v)),
            "INT32" => All(ref reader, place, static (ref Utf8JsonReader r, out long v) => Integer(ref r, int.MinValue, int.MaxValue, out v)),
            "INT64" => All(ref reader, place, static (ref Utf8JsonReader r, out long v) => Integer(ref r, long.MinValue, long.MaxValue, out v)),
            "UINT8" => All(ref reader, place, static (ref Utf8JsonReader r, out ulong v) => Unsigned(ref r, byte.MaxValue, out v)),
            "UINT16" => All(ref reader, place, static (ref Utf8JsonReader r, out ulong v) => Unsigned(ref r, ushort.MaxValue, out v)),
            "UINT32" => All(ref reader, place, static (ref Utf8JsonReader r, out ulong v) => Unsigned(ref r, uint.MaxValue, out v)),
            "UINT64" => All(ref reader, place, static (ref Utf8JsonReader r, out ulong v) => Unsigned(ref r, ulong.MaxValue, out v)),
            "BOOL" => Truths(All<bool?>(ref reader, place, Truth)),
            "BYTES" => base64 ? All<string>(ref reader, place, Base64) : All<string>(ref reader, place, Text),
            "FP16" or "BF16" => throw MlopsException.Invalid(reader.Path, $"input '{tensor}' is {datatype}, which has no JSON form (use binary), and binary data is not supported here; send FP32."),
            _ => throw MlopsException.Invalid(Beside(ref reader, "datatype"), $"input '{tensor}' has the unknown datatype '{datatype}'."),
        };
    }

    private static long Count(ref JsonReader reader, long[] shape, string tensor)
    {
        UInt128 count = 1;
        foreach (var size in shape)
        {
            count *= (ulong)size;
            if (size == 0)
            {
                return 0;
            }

            if (count > ElementsMax)
            {
                throw MlopsException.Invalid(Beside(ref reader, "shape"), $"input '{tensor}' has shape [{string.Join(',', shape)}]; at most {ElementsMax} elements.");
            }
        }

        return (long)count;
    }

    private static T[] All<T>(ref JsonReader reader, Place place, ElementReader<T> read)
    {
        if (reader.Kind != JsonTokenType.StartArray)
        {
            throw MlopsException.Invalid(reader.Path, $"input '{place.Tensor}': data must be a list.");
        }

        var values = new List<T>();
        var ahead = reader.Tokens;
        ahead.Read();
        if (ahead.TokenType == JsonTokenType.StartArray)
        {
            Nested(ref reader, place, 0, read, values);
        }
        else
        {
            Flat(ref reader, place, read, values);
        }

        return values.Count == place.Count
            ? [.. values]
            : throw MlopsException.Invalid(reader.Path, $"input '{place.Tensor}' has shape [{string.Join(',', place.Shape)}], which is {place.Count} elements; found {values.Count}.");
    }

    private static void Flat<T>(ref JsonReader reader, Place place, ElementReader<T> read, List<T> values)
    {
        while (reader.NextItem())
        {
            values.Add(Element(ref reader, place, read, values.Count));
        }
    }

    private static void Nested<T>(ref JsonReader reader, Place place, int dimension, ElementReader<T> read, List<T> values)
    {
        var last = dimension == place.Shape.Length - 1;
        long size = 0;
        while (reader.NextItem())
        {
            size++;
            if (last)
            {
                values.Add(Element(ref reader, place, read, values.Count));
            }
            else if (dimension < place.Shape.Length && reader.Kind == JsonTokenType.StartArray)
            {
                Nested(ref reader, place, dimension + 1, read, values);
            }
            else
            {
                throw Misshapen(ref reader, place);
            }
        }

        if (dimension >= place.Shape.Length || size != place.Shape[dimension])
        {
            throw MlopsException.Invalid(reader.Path, $"input '{place.Tensor}' has shape [{string.Join(',', place.Shape)}]; its nested data has a list of {size} in dimension {dimension}.");
        }
    }

    private static T Element<T>(ref JsonReader reader, Place place, ElementReader<T> read, int index)
    {
        if (reader.Kind is JsonTokenType.StartArray)
        {
            throw Misshapen(ref reader, place);
        }

        return read(ref reader.Tokens, out var value)
            ? value
            : throw MlopsException.Invalid(reader.Path, $"input '{place.Tensor}': element {index} is not {place.Datatype} (found {Shown(reader.Tokens)}).");
    }

    private static string Beside(ref JsonReader reader, string member) => reader.Path is var path && path.LastIndexOf('.') is var dot and >= 0 ? $"{path[..dot]}.{member}" : member;

    private static MlopsException Misshapen(ref JsonReader reader, Place place) =>
        MlopsException.Invalid(reader.Path, $"input '{place.Tensor}': data must be one flat list, or lists nested as the shape [{string.Join(',', place.Shape)}] says.");

    /// <summary>Truth values with gaps go on as texts, for a <c>bool</c> has no third value.</summary>
    private static object Truths(bool?[] values) => Array.Exists(values, v => v is null)
        ? Array.ConvertAll(values, v => v is { } truth ? (truth ? "true" : "false") : "")
        : Array.ConvertAll(values, v => v!.Value);

    private static bool Truth(ref Utf8JsonReader reader, out bool? value)
    {
        value = reader.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            _ => null,
        };
        return value is not null || reader.TokenType == JsonTokenType.Null;
    }

    private static bool IsMissing(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Null || (reader.TokenType == JsonTokenType.String && (reader.ValueTextEquals(""u8) || reader.ValueTextEquals("NaN"u8)));

    private static bool Number(ref Utf8JsonReader reader, out float value)
    {
        if (IsMissing(ref reader))
        {
            value = float.NaN;
            return true;
        }

        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetSingle(out value) && float.IsFinite(value);
    }

    private static bool Number(ref Utf8JsonReader reader, out double value)
    {
        if (IsMissing(ref reader))
        {
            value = double.NaN;
            return true;
        }

        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out value) && double.IsFinite(value);
    }

    private static bool Integer(ref Utf8JsonReader reader, long min, long max, out long value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out value) && value >= min && value <= max;
    }

    private static bool Unsigned(ref Utf8JsonReader reader, ulong max, out ulong value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out value) && value <= max;
    }

    private static bool Text(ref Utf8JsonReader reader, out string value)
    {
        value = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
        return reader.TokenType is JsonTokenType.String or JsonTokenType.Null;
    }

    private static bool Base64(ref Utf8JsonReader reader, out string value)
    {
        value = "";
        if (reader.TokenType == JsonTokenType.Null)
        {
            return true;
        }

        if (reader.TokenType != JsonTokenType.String || !reader.TryGetBytesFromBase64(out var bytes))
        {
            return false;
        }

        try
        {
            value = StrictUtf8.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static string Shown(in Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Number => "a number out of range or of another kind",
        JsonTokenType.String => reader.ValueTextEquals("Infinity"u8) || reader.ValueTextEquals("-Infinity"u8) ? "infinity, which is not a finite number" : "a text",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        JsonTokenType.Null => "null; whole numbers cannot be missing",
        _ => "an object",
    };

    private sealed record Place(string Tensor, string Datatype, long[] Shape, long Count);
}
