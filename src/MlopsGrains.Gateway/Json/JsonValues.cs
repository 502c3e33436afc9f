using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace MlopsGrains.Gateway.Json;

/// <summary>Numbers as the tracking protocol writes them: also as text. Strict callers take numbers only.</summary>
internal static class JsonValues
{
    /// <summary>A sign and nineteen digits, each of them possibly an escape of six bytes.</summary>
    private const int TextBytesMax = 20 * 6;

    public static bool TryReadInt64(ref Utf8JsonReader reader, bool numberInText, out long value)
    {
        if (reader.TokenType == JsonTokenType.Number)
        {
            if (reader.TryGetInt64(out value))
            {
                return true;
            }

            // 1e3 and 2.0 are whole numbers too; digits alone that do not fit are not rounded to one that does.
            return IsWrittenAsReal(ref reader) && reader.TryGetDouble(out var number) && TryWhole(number, out value);
        }

        value = 0;
        return numberInText && reader.TokenType == JsonTokenType.String && TryReadText(ref reader, out value);
    }

    /// <summary>A finite number, or one of the three texts for what JSON has no number for.</summary>
    public static bool TryReadDouble(ref Utf8JsonReader reader, out double value)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                return reader.TryGetDouble(out value) && double.IsFinite(value);
            case JsonTokenType.String:
                value = reader.ValueTextEquals("NaN"u8) ? double.NaN
                    : reader.ValueTextEquals("Infinity"u8) ? double.PositiveInfinity
                    : reader.ValueTextEquals("-Infinity"u8) ? double.NegativeInfinity
                    : 0;
                return !double.IsFinite(value);
            default:
                value = 0;
                return false;
        }
    }

    public static bool TryWhole(double number, out long value)
    {
        value = 0;
        if (!(number >= -9223372036854775808d && number < 9223372036854775808d) || Math.Truncate(number) != number)
        {
            return false;
        }

        value = (long)number;
        return true;
    }

    private static bool IsWrittenAsReal(ref Utf8JsonReader reader)
    {
        var text = reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan;
        return text.ContainsAny(".eE"u8);
    }

    private static bool TryReadText(ref Utf8JsonReader reader, out long value)
    {
        value = 0;
        var length = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        if (length > TextBytesMax)
        {
            return false;
        }

        Span<byte> text = stackalloc byte[TextBytesMax];
        text = text[..reader.CopyString(text)];
        return Utf8Parser.TryParse(text, out value, out var read) && read == text.Length;
    }
}
