using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using MlopsGrains.Data;

namespace MlopsGrains.Grains.Data;

/// <summary>How a CSV is written. Stored data has the <see cref="Standard"/> one, so that whoever reads it needs to know nothing else.</summary>
public sealed record CsvDialect(char Delimiter = ',')
{
    /// <summary>Comma, UTF-8, a header row, a decimal point; a missing value is an empty cell.</summary>
    public static CsvDialect Standard { get; } = new();

    /// <summary>Words that people write for a missing value, next to nothing at all.</summary>
    public static IReadOnlyList<string> UsualMissingWords { get; } = ["NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "-NaN", "-nan", "NULL", "Null", "null", "?"];

    /// <summary><see langword="null"/>: UTF-8.</summary>
    public Encoding? Encoding { get; init; }

    /// <summary>What to add to a refusal of the bytes when the encoding is a guess.</summary>
    public string EncodingHint { get; init; } = "";

    public bool HasHeader { get; init; } = true;

    /// <summary>Names instead of the header's.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Words for a missing value.</summary>
    public FrozenSet<string> Missing { get; init; } = [];

    /// <summary>Whether blanks around a cell that is not quoted are left out.</summary>
    public bool Trim { get; init; }

    /// <summary>Columns whose numbers have a decimal comma.</summary>
    public FrozenSet<int> DecimalCommas { get; init; } = [];

    /// <summary>Characters before the first row.</summary>
    public int PreambleCharacters { get; init; }

    /// <summary>Whether bytes in this dialect are in the standard one too, as long as no cell had to be cleaned.</summary>
    public bool IsWrittenAsStandard => Delimiter == ',' && Encoding is null && HasHeader && Columns is null && PreambleCharacters == 0;

    /// <summary>The dialect in the words of the options that choose it.</summary>
    public CsvOptions Describe() => new(
        Delimiter.ToString(CultureInfo.InvariantCulture), DecimalCommas.Count > 0 ? "," : ".", Encoding?.WebName ?? "utf-8", HasHeader, Columns, [.. Missing.Order(StringComparer.Ordinal)], Trim);
}
