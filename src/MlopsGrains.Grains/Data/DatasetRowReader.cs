using MlopsGrains.Data;

namespace MlopsGrains.Grains.Data;

/// <summary>Reads some rows of a table in the standard dialect.</summary>
internal static class DatasetRowReader
{
    private const int CellCharactersMax = 2_000;
    private const int CharactersMax = 4_000_000;

    /// <summary>Blocks; the stream is left open.</summary>
    public static (IReadOnlyList<string> Columns, IReadOnlyList<DatasetRow> Rows, long? Next) Read(Stream content, DatasetRowQuery query, CancellationToken cancellationToken)
    {
        using var reader = CsvReader.Open(content, CsvDialect.Standard, leaveOpen: true);
        var (rows, characters) = (new List<DatasetRow>(), 0);
        while (reader.Read())
        {
            if ((reader.Row & 1023) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (reader.Row <= query.After || !Holds(reader, query.Text))
            {
                continue;
            }

            if (rows.Count == query.Limit || characters > CharactersMax)
            {
                return (reader.Columns, rows, rows[^1].Row);
            }

            var cells = new string?[reader.Columns.Count];
            for (var i = 0; i < cells.Length; i++)
            {
                cells[i] = Shown(reader[i]);
                characters += cells[i]?.Length ?? 0;
            }

            rows.Add(new DatasetRow(reader.Row, cells));
        }

        return (reader.Columns, rows, null);
    }

    private static bool Holds(CsvReader reader, string? text)
    {
        if (text is not { Length: > 0 })
        {
            return true;
        }

        for (var i = 0; i < reader.Columns.Count; i++)
        {
            if (reader[i].Contains(text, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static string? Shown(ReadOnlySpan<char> cell)
    {
        if (cell.Length <= CellCharactersMax)
        {
            return cell.IsEmpty ? null : cell.ToString();
        }

        var end = char.IsHighSurrogate(cell[CellCharactersMax - 1]) ? CellCharactersMax - 1 : CellCharactersMax;
        return $"{cell[..end]}…";
    }
}
