using System.Buffers;
using System.Text.Unicode;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Data;

/// <summary>
/// Reads CSV with a header strictly (RFC 4180, comma, UTF-8) and in constant memory. What a lenient reader would guess at is refused with row, line and column:
/// a wrong guess about training data is found much later and costs more. Hand-written because every part needs a limit while it is read, and because a cell is a
/// span here, not a string.
/// </summary>
public sealed class CsvReader : IDisposable
{
    private const int BlockBytes = 64 * 1024;
    private const int HeaderNameCharactersMax = 250;
    private const int End = -1;

    private static readonly SearchValues<char> BareStops = SearchValues.Create(",\"\r\n");

    private readonly Stream stream;
    private readonly CsvLimits limits;
    private readonly byte[] bytes = new byte[BlockBytes];
    private readonly char[] chars = new char[BlockBytes];
    private int bytesLeft;
    private bool bytesEnded;
    private bool malformed;
    private int next;
    private int filled;

    private char[] row = new char[1024];
    private int rowLength;
    private int[] ends = new int[16];
    private int fields;
    private long line = 1;
    private long rowLine = 1;

    private CsvReader(Stream stream, CsvLimits limits)
    {
        this.stream = stream;
        this.limits = limits;
    }

    /// <summary>The header's names, in order, each once.</summary>
    public IReadOnlyList<string> Columns { get; private set; } = [];

    /// <summary>The present data row; the first is 1.</summary>
    public long Row { get; private set; }

    /// <summary>A cell of the present row; empty means missing. Valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<char> this[int column] => Field(column);

    /// <summary>Reads the header. The stream belongs to the reader from here on.</summary>
    /// <exception cref="MlopsException">No header, an unnamed or repeated column, too many columns, or not UTF-8.</exception>
    public static CsvReader Open(Stream stream, CsvLimits? limits = null)
    {
        var reader = new CsvReader(stream, limits ?? CsvLimits.Standard);
        try
        {
            reader.ReadHeader();
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Steps to the next row; <see langword="false"/> after the last.</summary>
    public bool Read()
    {
        Row++;
        if (!ReadRecord())
        {
            Row--;
            return false;
        }

        return fields == Columns.Count
            ? true
            : throw Refuse(null, $"has {fields} {(fields == 1 ? "field" : "fields")}; the header has {Columns.Count}");
    }

    /// <summary>The place of a column, or −1.</summary>
    public int IndexOf(string column)
    {
        for (var i = 0; i < Columns.Count; i++)
        {
            if (Columns[i] == column)
            {
                return i;
            }
        }

        return -1;
    }

    public string Text(int column) => Field(column).ToString();

    /// <summary>A refusal of the present row, for callers that find a cell unfit.</summary>
    public MlopsException Refuse(string? column, string problem) => MlopsException.Invalid(
        column is not null ? $"rows[{Row}].{column}" : Row == 0 ? "header" : $"rows[{Row}]",
        $"{(Row == 0 ? "The header" : FormattableString.Invariant($"Row {Row} (line {rowLine})"))}{(column is null ? "" : $", column '{column}',")} {problem}.");

    public void Dispose() => stream.Dispose();

    private void ReadHeader()
    {
        if (Peek() == '\uFEFF')
        {
            next++;
        }

        if (!ReadRecord())
        {
            throw MlopsException.Invalid("header", "The file is empty; expected a header row.");
        }

        var names = new string[fields];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = Field(i).ToString();
            if (string.IsNullOrWhiteSpace(names[i]))
            {
                throw Refuse(null, $"has no name for column {i + 1}");
            }

            if (names[i].Length > HeaderNameCharactersMax)
            {
                throw Refuse(null, $"names column {i + 1} with {names[i].Length} characters; at most {HeaderNameCharactersMax}");
            }

            if (!seen.Add(names[i]))
            {
                throw Refuse(null, $"names '{names[i]}' twice, again in column {i + 1}");
            }
        }

        Columns = names;
    }

    private ReadOnlySpan<char> Field(int column)
    {
        var start = column == 0 ? 0 : ends[column - 1];
        return row.AsSpan(start, ends[column] - start);
    }

    private bool ReadRecord()
    {
        rowLength = 0;
        fields = 0;
        rowLine = line;
        if (Peek() == End)
        {
            return false;
        }

        while (true)
        {
            var stop = Peek() == '"' ? ReadQuoted() : ReadBare();
            EndField();
            switch (stop)
            {
                case ',':
                    continue;
                case '\r' when Peek() == '\n':
                    next++;
                    break;
            }

            line++;
            return true;
        }
    }

    /// <summary>Takes an unquoted field and the character that ends it.</summary>
    private int ReadBare()
    {
        while (Peek() != End)
        {
            var rest = chars.AsSpan(next, filled - next);
            var stop = rest.IndexOfAny(BareStops);
            Append(stop < 0 ? rest : rest[..stop]);
            if (stop < 0)
            {
                next = filled;
                continue;
            }

            next += stop + 1;
            return rest[stop] == '"' ? throw Refuse(NameOfField(), "has a quote inside an unquoted field") : rest[stop];
        }

        return End;
    }

    private int ReadQuoted()
    {
        next++;
        while (true)
        {
            if (Peek() == End)
            {
                throw Refuse(NameOfField(), "opens a quote that is never closed");
            }

            var rest = chars.AsSpan(next, filled - next);
            var quote = rest.IndexOf('"');
            var part = quote < 0 ? rest : rest[..quote];
            line += part.Count('\n');
            Append(part);
            next += part.Length;
            if (quote < 0)
            {
                continue;
            }

            next++;
            var after = Peek();
            if (after != '"')
            {
                next += after == End ? 0 : 1;
                return after is ',' or '\r' or '\n' or End ? after : throw Refuse(NameOfField(), "has text after a closing quote");
            }

            Append(chars.AsSpan(next, 1));
            next++;
        }
    }

    private void EndField()
    {
        if (fields == limits.ColumnsMax)
        {
            throw Refuse(null, $"has more than {limits.ColumnsMax} fields");
        }

        if (fields == ends.Length)
        {
            Array.Resize(ref ends, ends.Length * 2);
        }

        ends[fields++] = rowLength;
    }

    private void Append(ReadOnlySpan<char> part)
    {
        var length = rowLength + part.Length;
        var start = fields == 0 ? 0 : ends[fields - 1];
        if (length - start > limits.CellCharactersMax)
        {
            throw Refuse(NameOfField(), $"has more than {limits.CellCharactersMax} characters");
        }

        if (length > limits.RowCharactersMax)
        {
            throw Refuse(null, $"has more than {limits.RowCharactersMax} characters");
        }

        if (length > row.Length)
        {
            Array.Resize(ref row, Math.Max(length, row.Length * 2));
        }

        part.CopyTo(row.AsSpan(rowLength));
        rowLength = length;
    }

    private string NameOfField() => fields < Columns.Count ? Columns[fields] : $"#{fields + 1}";

    private int Peek()
    {
        if (next == filled && !Fill())
        {
            return End;
        }

        return chars[next];
    }

    /// <summary>Decodes the next block. Bytes that are not UTF-8 are refused only when all before them is consumed, so that the row named is the right one.</summary>
    private bool Fill()
    {
        next = 0;
        filled = 0;
        while (filled == 0)
        {
            if (malformed)
            {
                throw Refuse(NameOfField(), "holds bytes that are not UTF-8");
            }

            if (!bytesEnded)
            {
                var read = stream.Read(bytes, bytesLeft, bytes.Length - bytesLeft);
                bytesEnded = read == 0;
                bytesLeft += read;
            }

            if (bytesLeft == 0)
            {
                return false;
            }

            var status = Utf8.ToUtf16(bytes.AsSpan(0, bytesLeft), chars, out var taken, out filled, replaceInvalidSequences: false, isFinalBlock: bytesEnded);
            malformed = status == OperationStatus.InvalidData;
            bytes.AsSpan(taken, bytesLeft - taken).CopyTo(bytes);
            bytesLeft -= taken;
        }

        return true;
    }
}
