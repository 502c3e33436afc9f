using System.Globalization;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Data;

/// <summary>A whole CSV in memory, by column, for training. Bounded in cells; larger data has to be streamed with <see cref="CsvReader"/>.</summary>
public sealed class CsvTable
{
    public const long CellsMax = 50_000_000;

    private readonly List<string>[] cells;

    private CsvTable(IReadOnlyList<string> columns)
    {
        Columns = columns;
        cells = [.. columns.Select(_ => new List<string>())];
    }

    public IReadOnlyList<string> Columns { get; }

    public int Rows => cells[0].Count;

    /// <summary>Reads to the end. Blocks: call it on a thread of its own.</summary>
    public static CsvTable Read(Stream stream, CancellationToken cancellationToken = default)
    {
        using var reader = CsvReader.Open(stream);
        var table = new CsvTable(reader.Columns);
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        var lookup = known.GetAlternateLookup<ReadOnlySpan<char>>();
        while (reader.Read())
        {
            if (reader.Row * table.Columns.Count > CellsMax)
            {
                throw reader.Refuse(null, FormattableString.Invariant($"is past the {CellsMax / table.Columns.Count} rows of {table.Columns.Count} columns that fit in memory ({CellsMax} cells)"));
            }

            if ((reader.Row & 1023) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            for (var i = 0; i < table.cells.Length; i++)
            {
                var cell = reader[i];
                if (!lookup.TryGetValue(cell, out var text))
                {
                    text = cell.ToString();
                    if (known.Count < 100_000)
                    {
                        known.Add(text, text);
                    }
                }

                table.cells[i].Add(text);
            }
        }

        return table;
    }

    /// <summary>A column's cells as they stand; <c>""</c> is missing.</summary>
    public IReadOnlyList<string> Texts(string column) => cells[IndexOf(column)];

    /// <summary>A column as numbers; a missing cell is NaN, any other text is refused with its row.</summary>
    public float[] Numbers(string column)
    {
        var texts = Texts(column);
        var numbers = new float[texts.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = texts[i].Length == 0 ? float.NaN
                : CsvValue.TryNumber(texts[i], out var number) ? (float)number
                : throw MlopsException.Invalid($"rows[{i + 1}].{column}", string.Create(CultureInfo.InvariantCulture, $"Row {i + 1}, column '{column}', holds '{texts[i]}', which is no number."));
        }

        return numbers;
    }

    /// <summary>The type that all cells of a column share.</summary>
    public MlopsGrains.Data.ColumnType TypeOf(string column)
    {
        var type = new TypeInference();
        foreach (var text in Texts(column))
        {
            type.Add(text, out _);
        }

        return type.Type;
    }

    public int IndexOf(string column)
    {
        for (var i = 0; i < Columns.Count; i++)
        {
            if (Columns[i] == column)
            {
                return i;
            }
        }

        throw MlopsException.Invalid("column", $"There is no column '{column}'; the header names {string.Join(", ", Columns.Take(50))}.");
    }
}
