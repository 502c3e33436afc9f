using System.Collections.Frozen;
using MlopsGrains.Data;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Data;

/// <summary>
/// Finds out how a CSV is written: what the options say, else what its first bytes say beyond doubt. Where there is doubt it asks, by a refusal that names the
/// option, for a wrong guess about training data is found much later.
/// </summary>
internal static class CsvDetection
{
    private const int SampleBytes = 256 * 1024;
    private const int ColumnsMax = 10_000;
    private const int MissingWordsMax = 100;
    private const int MissingWordCharactersMax = 100;

    /// <summary>Reads the start of a stream that can seek.</summary>
    public static CsvDialect Detect(Stream content, CsvOptions? options)
    {
        var asked = options ?? new CsvOptions();
        Span<byte> sample = new byte[(int)Math.Min(SampleBytes, Math.Max(content.Length - content.Position, 0))];
        var start = content.Position;
        content.ReadExactly(sample);
        content.Position = start;
        OtherFormats.Refuse(sample);
        var (encoding, isCertain) = CsvEncodings.Of(sample, asked.Encoding);
        var text = CsvEncodings.Roughly(encoding, sample).TrimStart('\uFEFF');
        var whole = start + sample.Length == content.Length;
        var preamble = Preamble(text);
        text = text[preamble.Length..];
        var layout = new CsvLayout(text, whole);
        var delimiter = Delimiters.Named(asked.Delimiter) ?? preamble.Delimiter ?? layout.Delimiter();
        return new CsvDialect(delimiter)
        {
            Encoding = encoding,
            EncodingHint = isCertain ? "" : "; say its encoding, such as encoding=windows-1252 for a file from Excel or Windows in Western Europe",
            HasHeader = HasHeader(asked, layout, delimiter),
            Columns = Columns(asked.Columns),
            Missing = Missing(asked.Missing),
            Trim = asked.Trim ?? true,
            PreambleCharacters = preamble.Length,
        };
    }

    /// <summary>Excel's first line <c>sep=;</c>.</summary>
    private static (int Length, char? Delimiter) Preamble(string text) =>
        text.Length > 5 && text.StartsWith("sep=", StringComparison.OrdinalIgnoreCase) && text[5] is '\r' or '\n'
            ? (text[5] == '\r' && text.Length > 6 && text[6] == '\n' ? 7 : 6, text[4])
            : (0, null);

    private static bool HasHeader(CsvOptions asked, CsvLayout layout, char delimiter)
    {
        if (asked.Header is { } said)
        {
            return said;
        }

        if (asked.Columns is not null)
        {
            return false;
        }

        return layout.FirstRow(delimiter).FirstOrDefault(c => c.Contains('.', StringComparison.Ordinal) && CsvValue.TryNumber(c, out _)) is { } number
            ? throw MlopsException.Invalid("header", $"The first row looks like data, not like names: it holds '{number}'. Say header=false when the file has no header (columns=… may name its columns), or header=true.")
            : true;
    }

    private static IReadOnlyList<string>? Columns(IReadOnlyList<string>? names) => names is null or { Count: > 0 and <= ColumnsMax }
        ? names
        : throw MlopsException.Invalid("columns", $"columns must name 1–{ColumnsMax} columns.");

    private static FrozenSet<string> Missing(IReadOnlyList<string>? words)
    {
        if (words?.Count > MissingWordsMax || words?.Any(w => w.Length is 0 or > MissingWordCharactersMax) == true)
        {
            throw MlopsException.Invalid("missing", $"missing must be at most {MissingWordsMax} words of 1–{MissingWordCharactersMax} characters.");
        }

        return (words ?? CsvDialect.UsualMissingWords).ToFrozenSet(StringComparer.Ordinal);
    }
}

/// <summary>The characters that may stand between cells.</summary>
internal static class Delimiters
{
    public static IReadOnlyList<(char Character, string Word)> All { get; } = [(',', "comma"), (';', "semicolon"), ('\t', "tab"), ('|', "pipe")];

    public static string Words => string.Join(", ", All.Select(d => d.Word));

    public static char? Named(string? given) => given is null ? null
        : All.FirstOrDefault(d => d.Word == given || (given.Length == 1 && d.Character == given[0])) is { Word: not null } found ? found.Character
        : throw MlopsException.Invalid("delimiter", $"delimiter is '{given}'; expected one of {Words}, or the character itself.");

    public static string WordOf(char delimiter) => All.First(d => d.Character == delimiter).Word;
}

/// <summary>Files that are sent as CSV and are not.</summary>
internal static class OtherFormats
{
    private static readonly (byte[] Start, string Name)[] Formats =
    [
        ("PK\x03\x04"u8.ToArray(), "a ZIP archive or an Excel workbook; save the sheet as CSV"),
        ([0xD0, 0xCF, 0x11, 0xE0], "an old Excel workbook; save the sheet as CSV"),
        ([0x1F, 0x8B], "compressed with gzip; unpack it first"),
        ("PAR1"u8.ToArray(), "a Parquet file; write it as CSV"),
        ("%PDF"u8.ToArray(), "a PDF"),
        ("<!"u8.ToArray(), "a web page, not data"),
        ("<?xml"u8.ToArray(), "XML"),
        ("<html"u8.ToArray(), "a web page, not data"),
        ("<HTML"u8.ToArray(), "a web page, not data"),
        ("{\""u8.ToArray(), "JSON; write it as CSV"),
        ("[{"u8.ToArray(), "JSON; write it as CSV"),
    ];

    public static void Refuse(ReadOnlySpan<byte> sample)
    {
        var text = sample.StartsWith("\uFEFF"u8) ? sample[3..] : sample;
        text = text.TrimStart(" \r\n\t"u8);
        foreach (var (start, name) in Formats)
        {
            if (text.StartsWith(start))
            {
                throw MlopsException.Invalid("body", $"The file looks like {name}; expected CSV with a header row.");
            }
        }
    }
}
