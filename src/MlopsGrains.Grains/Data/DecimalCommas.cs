using System.Collections.Frozen;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Data;

/// <summary>Which columns of a CSV have numbers with a decimal comma. All rows are looked at: one cell may tell a number from a text.</summary>
internal static class DecimalCommas
{
    private const int NumberCharactersMax = 64;

    public static CsvDialect Find(Stream content, CsvDialect dialect, string? asked, CancellationToken cancellationToken)
    {
        bool? comma = asked switch
        {
            null when dialect.Delimiter == ',' => false,
            null => null,
            "." or "point" => false,
            "," or "comma" => true,
            _ => throw MlopsException.Invalid("decimal", $"decimal is '{asked}'; expected point or comma, or the character itself."),
        };
        if (comma == false)
        {
            return dialect;
        }

        var start = content.Position;
        using var reader = CsvReader.Open(content, dialect, leaveOpen: true);
        var columns = reader.Columns.Select(_ => new Column()).ToArray();
        reader.ReadAll((place, cell) => columns[place].Add(cell), cancellationToken);
        content.Position = start;
        var withComma = Enumerable.Range(0, columns.Length).Where(i => columns[i].HasDecimalCommas).ToList();
        var withPoint = Enumerable.Range(0, columns.Length).Where(i => columns[i].HasDecimalPoints).ToList();
        if (withComma.Count > 0 && withPoint.Count > 0)
        {
            var (c, p) = (withComma[0], withPoint[0]);
            throw MlopsException.Invalid(
                "decimal",
                $"Column '{reader.Columns[c]}' holds numbers with a comma, such as '{columns[c].Comma}', and column '{reader.Columns[p]}' with a point, such as '{columns[p].Point}'. "
                + "If one of them is a thousands separator, write the numbers without it; if commas are not decimal, say decimal=point.");
        }

        if (comma is null && withComma.Count > 0 && withComma.TrueForAll(i => columns[i].MayBeThousands))
        {
            throw MlopsException.Invalid(
                "decimal", $"Column '{reader.Columns[withComma[0]]}' holds '{columns[withComma[0]].Comma}', which may have a decimal comma or a thousands separator; say decimal=comma, or decimal=point (then it is text).");
        }

        return dialect with { DecimalCommas = withComma.ToFrozenSet() };
    }

    private sealed class Column
    {
        private bool allComma = true;
        private bool allPoint = true;

        public bool HasDecimalCommas => allComma && Comma is not null;

        public bool HasDecimalPoints => allPoint && Point is not null;

        /// <summary>Whether every comma stands before a group of three digits.</summary>
        public bool MayBeThousands { get; private set; } = true;

        public string? Comma { get; private set; }

        public string? Point { get; private set; }

        public void Add(ReadOnlySpan<char> cell)
        {
            if (cell.IsEmpty || (!allComma && !allPoint))
            {
                return;
            }

            var (comma, point) = (cell.IndexOf(','), cell.IndexOf('.'));
            allPoint = allPoint && comma < 0 && CsvValue.TryNumber(cell, out _);
            allComma = allComma && point < 0 && IsNumber(cell);
            if (allComma && comma >= 0)
            {
                Comma ??= cell.ToString();
                var digits = cell[..comma].TrimStart("+-");
                MayBeThousands = MayBeThousands && cell.Length - comma == 4 && digits.Length is > 0 and <= 3 && digits[0] != '0';
            }

            Point ??= allPoint && point >= 0 ? cell.ToString() : null;
        }

        private static bool IsNumber(ReadOnlySpan<char> cell)
        {
            if (cell.Length > NumberCharactersMax)
            {
                return false;
            }

            Span<char> pointed = stackalloc char[cell.Length];
            cell.Replace(pointed, ',', '.');
            return CsvValue.TryNumber(pointed, out _);
        }
    }
}
