using System.IO.Hashing;

namespace MlopsGrains.Storage.Damage;

/// <summary>
/// A checksum at the end of a JSON text, written in white space: readers of JSON skip it, also programs that know nothing of it, and those write texts without one, which are not checked.
/// After four characters that say that it is there, 32 digits of base four.
/// </summary>
public static class JsonSeal
{
    public const int Length = 4 + Digits;

    private const int Digits = 32;

    private static readonly byte[] Alphabet = " \t\n\r"u8.ToArray();

    private static ReadOnlySpan<byte> Mark => "\n\t\r\t"u8;

    /// <summary>The text and its seal.</summary>
    public static byte[] Add(ReadOnlySpan<byte> json)
    {
        var text = new byte[json.Length + Length];
        json.CopyTo(text);
        Mark.CopyTo(text.AsSpan(json.Length));
        var sum = XxHash3.HashToUInt64(json);
        for (var i = text.Length - 1; i >= json.Length + Mark.Length; i--, sum >>= 2)
        {
            text[i] = Alphabet[sum & 3];
        }

        return text;
    }

    public static bool IsThere(ReadOnlySpan<byte> text) =>
        text.Length >= Length && text[^Length..].StartsWith(Mark) && !text[^Digits..].ContainsAnyExcept(Alphabet);

    /// <summary>Whether the seal is broken; a text without one is whole as far as anyone can tell.</summary>
    public static bool IsBroken(ReadOnlySpan<byte> text)
    {
        if (!IsThere(text))
        {
            return false;
        }

        var sum = 0UL;
        foreach (var digit in text[^Digits..])
        {
            sum = (sum << 2) | (uint)Alphabet.AsSpan().IndexOf(digit);
        }

        return sum != XxHash3.HashToUInt64(text[..^Length]);
    }
}
