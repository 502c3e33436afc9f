using System.Text;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Data;

/// <summary>Which encoding bytes are in: a byte order mark tells, and so do the zero bytes of UTF-16; a code page cannot be told from another and must be named.</summary>
internal static class CsvEncodings
{
    private static readonly (byte[] Mark, string Name)[] Marks =
    [
        ([0xEF, 0xBB, 0xBF], "utf-8"),
        ([0xFF, 0xFE, 0x00, 0x00], "utf-32"),
        ([0x00, 0x00, 0xFE, 0xFF], "utf-32BE"),
        ([0xFF, 0xFE], "utf-16"),
        ([0xFE, 0xFF], "utf-16BE"),
    ];

    /// <summary>The encoding, <see langword="null"/> for UTF-8, and whether it is beyond doubt.</summary>
    public static (Encoding? Encoding, bool IsCertain) Of(ReadOnlySpan<byte> sample, string? named)
    {
        foreach (var (mark, name) in Marks)
        {
            // The mark also tells the byte order, which "utf-16" does not.
            if (sample.StartsWith(mark) && named?.StartsWith("utf", StringComparison.OrdinalIgnoreCase) != false)
            {
                return (Named(name), true);
            }
        }

        return named is not null ? (Named(named), true) : Zeros(sample) switch
        {
            ( > 0, 0) => (Named("utf-16BE"), true),
            (0, > 0) => (Named("utf-16"), true),
            _ => (null, false),
        };
    }

    /// <summary>The text of bytes that may be cut in the middle of a character.</summary>
    public static string Roughly(Encoding? encoding, ReadOnlySpan<byte> bytes)
    {
        var lenient = (Encoding)(encoding ?? Encoding.UTF8).Clone();
        lenient.DecoderFallback = DecoderFallback.ReplacementFallback;
        return lenient.GetString(bytes);
    }

    /// <summary>Zero bytes at even and odd places; text in UTF-8 has none.</summary>
    private static (int Even, int Odd) Zeros(ReadOnlySpan<byte> sample)
    {
        var zeros = (Even: 0, Odd: 0);
        for (var i = 0; i < sample.Length; i++)
        {
            if (sample[i] == 0)
            {
                zeros = i % 2 == 0 ? (zeros.Even + 1, zeros.Odd) : (zeros.Even, zeros.Odd + 1);
            }
        }

        // A stray zero is damage, not UTF-16.
        return zeros.Even + zeros.Odd > sample.Length / 8 ? zeros : (0, 0);
    }

    private static Encoding? Named(string name)
    {
        try
        {
            var found = CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
            if (found.CodePage == Encoding.UTF8.CodePage)
            {
                return null;
            }

            var strict = (Encoding)found.Clone();
            strict.DecoderFallback = DecoderFallback.ExceptionFallback;
            return strict;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw MlopsException.Invalid("encoding", $"encoding is '{name}', which is unknown; expected a name such as utf-8, utf-16, windows-1252, iso-8859-1, windows-1250, shift_jis or gb18030.");
        }
    }
}
