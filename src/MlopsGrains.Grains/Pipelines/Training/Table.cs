using System.Text;
using MlopsGrains.Algorithms.Data;
using MlopsGrains.Data;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Data;

namespace MlopsGrains.Grains.Pipelines.Training;

/// <summary>A table as read from CSV: cells by row, as text. Whole in memory, within a limit.</summary>
internal sealed class Table(IReadOnlyList<string> columns, IReadOnlyList<string[]> rows)
{
    /// <summary>Largest table for training and splitting: about 1 GB in memory.</summary>
    public const long CellsMax = 20_000_000;

    public const long BytesMax = 1L << 30;

    public IReadOnlyList<string> Columns => columns;

    public IReadOnlyList<string[]> Rows => rows;

    public int Index(string field, string column)
    {
        for (var i = 0; i < columns.Count; i++)
        {
            if (columns[i] == column)
            {
                return i;
            }
        }

        throw MlopsException.Invalid(field, $"{field} names the column '{column}'; the data has {string.Join(", ", columns.Take(50))}.");
    }

    public IReadOnlyList<string> Column(int index) => [.. rows.Select(r => r[index])];

    /// <summary>The type that all present cells of a column share, as its dataset's profile has it; a column without any is text.</summary>
    public ColumnType TypeOf(int index)
    {
        var type = new TypeInference();
        foreach (var row in rows)
        {
            type.Add(row[index], out _);
        }

        return type.Type;
    }

    /// <summary>A column as numbers: a missing cell is NaN, a truth value 1 or 0 when all of the column are.</summary>
    /// <exception cref="MlopsException">A cell is a text.</exception>
    public double[] Numbers(int index)
    {
        var isBoolean = TypeOf(index) == ColumnType.Boolean;
        var numbers = new double[rows.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            var cell = rows[i][index];
            numbers[i] = cell.Length == 0 ? double.NaN
                : isBoolean && CsvValue.TryBoolean(cell, out var truth) ? (truth ? 1 : 0)
                : CsvValue.TryNumber(cell, out var number) ? number
                : throw MlopsException.Invalid("data", $"Column '{columns[index]}' has '{cell}' in row {i + 1}; expected a number.");
        }

        return numbers;
    }

    public bool HasGaps(int index) => rows.Any(r => r[index].Length == 0);

    public static Table ReadCsv(Stream csv)
    {
        using var reader = CsvReader.Open(csv);
        var rows = new List<string[]>();
        while (reader.Read())
        {
            if (reader.Row * reader.Columns.Count > CellsMax)
            {
                throw MlopsException.Invalid("data", $"The data has more than {CellsMax} cells, the most that a step reads.");
            }

            var row = new string[reader.Columns.Count];
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = reader.Text(i);
            }

            rows.Add(row);
        }

        return new Table(reader.Columns, rows);
    }

    public void WriteCsv(Stream output)
    {
        using var text = new StreamWriter(output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        var writer = new CsvWriter(text);
        writer.WriteRow(columns);
        foreach (var row in rows)
        {
            writer.WriteRow(row);
        }
    }

    /// <summary>
    /// Splits rows into parts of the given fractions; the rest is the first part. With a <paramref name="stratify"/> column each of its values is split apart.
    /// A row's place depends on the seed and its position only, and the order of rows stays.
    /// </summary>
    public IReadOnlyList<Table> Split(long seed, int? stratify, params double[] fractions)
    {
        var part = RowSplit.Parts(rows.Count, seed, fractions, stratify is { } column ? i => rows[i][column] : null);
        return [.. Enumerable.Range(0, fractions.Length + 1).Select(p => new Table(columns, [.. rows.Where((_, i) => part[i] == p)]))];
    }
}
