namespace MlopsGrains.Grains.Data;

/// <summary>Writes CSV that <see cref="CsvReader"/> reads back cell for cell: comma, LF, quotes where needed.</summary>
public sealed class CsvWriter(TextWriter output)
{
    public void WriteRow(IReadOnlyList<string> cells)
    {
        for (var i = 0; i < cells.Count; i++)
        {
            Separate(i);
            WriteCell(cells[i], alone: cells.Count == 1);
        }

        output.Write('\n');
    }

    /// <summary>Copies the reader's present row.</summary>
    public void WriteRow(CsvReader reader)
    {
        for (var i = 0; i < reader.Columns.Count; i++)
        {
            Separate(i);
            WriteCell(reader[i], alone: reader.Columns.Count == 1);
        }

        output.Write('\n');
    }

    private void Separate(int column)
    {
        if (column > 0)
        {
            output.Write(',');
        }
    }

    /// <summary>A lone empty cell is quoted, or at the end of a file it would be no row.</summary>
    private void WriteCell(ReadOnlySpan<char> cell, bool alone)
    {
        if (!cell.ContainsAny(',', '"', '\n') && !cell.Contains('\r') && !cell.StartsWith("\uFEFF", StringComparison.Ordinal) && !(alone && cell.IsEmpty))
        {
            output.Write(cell);
            return;
        }

        output.Write('"');
        int quote;
        while ((quote = cell.IndexOf('"')) >= 0)
        {
            output.Write(cell[..(quote + 1)]);
            output.Write('"');
            cell = cell[(quote + 1)..];
        }

        output.Write(cell);
        output.Write('"');
    }
}
