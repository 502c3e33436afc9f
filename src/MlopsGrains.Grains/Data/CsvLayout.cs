using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Data;

/// <summary>How often each possible delimiter stands in each of the first rows, outside quotes.</summary>
internal sealed class CsvLayout
{
    private const int RowsMax = 1_000;
    private readonly List<int[]> rows = [];
    private readonly string firstRow;

    /// <param name="text">The file's start.</param>
    /// <param name="whole">Whether that is all of it; else its last row may be cut.</param>
    public CsvLayout(string text, bool whole)
    {
        var counts = new int[Delimiters.All.Count];
        var (quoted, rowStart) = (false, 0);
        firstRow = "";
        for (var i = 0; i <= text.Length && rows.Count < RowsMax; i++)
        {
            var c = i < text.Length ? text[i] : '\n';
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (!quoted && c is '\r' or '\n')
            {
                if (i == text.Length && !whole)
                {
                    break;
                }

                if (!string.IsNullOrWhiteSpace(text[rowStart..i]))
                {
                    firstRow = rows.Count == 0 ? text[rowStart..i] : firstRow;
                    rows.Add(counts);
                    counts = new int[counts.Length];
                }

                rowStart = i + 1;
            }
            else if (!quoted && Place(c) is >= 0 and var place)
            {
                counts[place]++;
            }
        }
    }

    /// <summary>The one character that cuts every row into as many cells as the first; comma for a file of one column.</summary>
    public char Delimiter()
    {
        var inHeader = Where(place => rows.Count > 0 && rows[0][place] > 0);
        var fits = inHeader.FindAll(place => rows.TrueForAll(r => r[place] == rows[0][place]));
        return (fits.Count, inHeader.Count) switch
        {
            (1, _) => At(fits[0]),
            ( > 1, _) => throw Ask($"may be separated by {Words(fits)}"),
            (_, 1) => At(inHeader[0]),
            (_, > 1) when inHeader.Contains(0) => ',',
            (_, > 1) => throw Ask($"may be separated by {Words(inHeader)}"),
            _ => OneColumn(),
        };
    }

    /// <summary>The first row's cells, roughly: without the quotes.</summary>
    public IEnumerable<string> FirstRow(char delimiter) => firstRow.Split(delimiter).Select(c => c.Trim().Trim('"'));

    private char OneColumn()
    {
        var below = rows.Count > 1 ? Where(place => rows[1][place] > 0 && rows.Skip(1).All(r => r[place] == rows[1][place])) : [];
        return below.Count == 0 ? ',' : throw Ask($"has one column by its first row, but every other row holds the same number of {Words(below)}");
    }

    private static List<int> Where(Predicate<int> holds) => [.. Enumerable.Range(0, Delimiters.All.Count).Where(p => holds(p))];

    private static char At(int place) => Delimiters.All[place].Character;

    private static int Place(char c)
    {
        for (var i = 0; i < Delimiters.All.Count; i++)
        {
            if (Delimiters.All[i].Character == c)
            {
                return i;
            }
        }

        return -1;
    }

    private static string Words(List<int> places) => string.Join(" or ", places.Select(p => $"{Delimiters.All[p].Word} ('{(At(p) == '\t' ? "\\t" : At(p))}')"));

    private static MlopsException Ask(string doubt) =>
        MlopsException.Invalid("delimiter", $"The file {doubt}; say which with delimiter={string.Join(", delimiter=", Delimiters.All.Select(d => d.Word))}.");
}
