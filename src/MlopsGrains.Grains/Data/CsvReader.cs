using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using System.Text.Unicode;
using MlopsGrains.Data;
using MlopsGrains.Errors;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Data;

/// <summary>
/// Reads CSV strictly (RFC 4180) and in constant memory, as its <see cref="CsvDialect"/> says; stored data has the standard one. What a lenient reader would guess
/// at is refused with row, line and column: a wrong guess about training data is found much later and costs more. Hand-written because every part needs a limit
/// while it is read, and because a cell is a span here, not a string.
/// </summary>
public sealed class CsvReader : IDisposable
{
    private const int BlockBytes = 64 * 1024;
    private const int End = -1;

    private readonly Stream stream;
    private readonly bool leaveOpen;
    private readonly CsvDialect dialect;
    private readonly CsvLimits limits;
    private readonly SearchValues<char> bareStops;
    private readonly Decoder? decoder;
    private readonly MissingWords? missing;
    private readonly bool cleans;
    private readonly byte[] bytes = new byte[BlockBytes];
    private readonly char[] chars = new char[BlockBytes];
    private int bytesLeft;
    private bool bytesEnded;
    private bool flushed;
    private bool malformed;
    private int next;
    private int filled;

    private char[] row = new char[1024];
    private int rowLength;
    private int[] ends = new int[16];
    private int fields;
    private long line = 1;
    private long rowLine = 1;
    private bool isHeader;
    private bool isRead;
    private bool cleaned;

    private CsvReader(Stream stream, CsvDialect dialect, CsvLimits limits, bool leaveOpen)
    {
        this.stream = stream;
        this.leaveOpen = leaveOpen;
        this.dialect = dialect;
        this.limits = limits;
        bareStops = SearchValues.Create([dialect.Delimiter, '"', '\r', '\n']);
        decoder = dialect.Encoding?.GetDecoder();
        missing = dialect.Missing.Count > 0 ? new MissingWords(dialect.Missing) : null;
        cleans = dialect.Trim || missing is not null || dialect.DecimalCommas.Count > 0;
    }

    /// <summary>The header's names, in order, each once.</summary>
    public IReadOnlyList<string> Columns { get; private set; } = [];

    /// <summary>The present data row; the first is 1.</summary>
    public long Row { get; private set; }

    /// <summary>A cell of the present row; empty means missing. Valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<char> this[int column] => Field(column);

    /// <summary>Whether what was read so far is not what a reader of the standard dialect would have read.</summary>
    public bool Differs => cleaned || !dialect.IsWrittenAsStandard;

    /// <summary>A column's values that were words for a missing one, and one of them.</summary>
    public (long Count, string? Word) MissingWordsOf(int column) => missing?.Of(column) ?? default;

    /// <summary>Reads the header. The stream belongs to the reader from here on.</summary>
    /// <exception cref="MlopsException">No header, an unnamed or repeated column, too many columns, or bytes of another encoding.</exception>
    public static CsvReader Open(Stream stream, CsvDialect? dialect = null, CsvLimits? limits = null, bool leaveOpen = false)
    {
        var reader = new CsvReader(stream, dialect ?? CsvDialect.Standard, limits ?? CsvLimits.Standard, leaveOpen);
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
        if (!isRead && !ReadRecord())
        {
            Row--;
            return false;
        }

        isRead = false;

        return fields == Columns.Count
            ? true
            : throw Refuse(null, $"has {fields} {(fields == 1 ? "field" : "fields")}; the header has {Columns.Count}");
    }

    /// <summary>Shows every cell of every row that is left.</summary>
    public void ReadAll(CellVisitor visit, CancellationToken cancellationToken)
    {
        while (Read())
        {
            if ((Row & 1023) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            for (var i = 0; i < Columns.Count; i++)
            {
                visit(i, Field(i));
            }
        }
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

    public void Dispose()
    {
        if (!leaveOpen)
        {
            stream.Dispose();
        }
    }

    private void ReadHeader()
    {
        if (Peek() == '\uFEFF')
        {
            next++;
        }

        SkipPreamble();
        isHeader = dialect.HasHeader;
        if (!ReadRecord())
        {
            throw MlopsException.Invalid("header", "The file is empty; expected a header row.");
        }

        isRead = !isHeader;
        isHeader = false;
        var names = dialect.Columns ?? [.. Enumerable.Range(0, fields).Select(i => dialect.HasHeader ? Field(i).ToString() : FormattableString.Invariant($"c{i + 1}"))];
        if (names.Count != fields)
        {
            throw MlopsException.Invalid("columns", $"columns names {names.Count} columns; the file's first row has {fields}.");
        }

        Check(names);
        Columns = names;
    }

    private void Check(IReadOnlyList<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < names.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(names[i]))
            {
                throw Refuse(null, $"has no name for column {i + 1}");
            }

            if (names[i].IsLongerThan(DatasetLimits.ColumnNameLengthMax))
            {
                throw Refuse(null, $"names column {i + 1} with {names[i].CharacterCount()} characters; at most {DatasetLimits.ColumnNameLengthMax}");
            }

            if (!seen.Add(names[i]))
            {
                throw Refuse(null, $"names '{names[i]}' twice, again in column {i + 1}");
            }
        }
    }

    /// <summary>Excel's first line <c>sep=;</c> is not a row.</summary>
    private void SkipPreamble()
    {
        for (var left = dialect.PreambleCharacters; left > 0 && Peek() != End; left--)
        {
            next++;
        }

        line += dialect.PreambleCharacters > 0 ? 1 : 0;
    }

    private ReadOnlySpan<char> Field(int column)
    {
        var start = column == 0 ? 0 : ends[column - 1];
        return row.AsSpan(start, ends[column] - start);
    }

    /// <summary>Reads a row; a line without anything in it is not one.</summary>
    private bool ReadRecord()
    {
        while (Peek() != End)
        {
            rowLength = 0;
            fields = 0;
            rowLine = line;
            if (!ReadLine())
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads to the end of the row; true when it was a blank line.</summary>
    private bool ReadLine()
    {
        while (true)
        {
            SkipBlanks();
            var quoted = Peek() == '"';
            var stop = quoted ? ReadQuoted() : ReadBare();
            if (cleans)
            {
                Clean(quoted);
            }

            EndField();
            if (stop == dialect.Delimiter)
            {
                continue;
            }

            if (stop == '\r' && Peek() == '\n')
            {
                next++;
            }

            line++;
            return fields == 1 && rowLength == 0 && !quoted;
        }
    }

    private void SkipBlanks()
    {
        while (dialect.Trim && Peek() is var c && (c == ' ' || (c == '\t' && dialect.Delimiter != '\t')))
        {
            next++;
            cleaned = true;
        }
    }

    /// <summary>Makes the cell just read what the standard dialect would hold: no blanks around it, missing as nothing, a decimal point.</summary>
    private void Clean(bool quoted)
    {
        var start = fields == 0 ? 0 : ends[fields - 1];
        if (dialect.Trim && !quoted)
        {
            var kept = start + row.AsSpan(start, rowLength - start).TrimEnd(" \t").Length;
            cleaned |= kept != rowLength;
            rowLength = kept;
        }

        var cell = row.AsSpan(start, rowLength - start);
        if (isHeader || cell.IsEmpty)
        {
            return;
        }

        if (missing?.Take(fields, cell) == true)
        {
            rowLength = start;
            cleaned = true;
        }
        else if (dialect.DecimalCommas.Contains(fields) && cell.Contains(','))
        {
            cell.Replace(',', '.');
            cleaned = true;
        }
    }

    /// <summary>Takes an unquoted field and the character that ends it.</summary>
    private int ReadBare()
    {
        while (Peek() != End)
        {
            var rest = chars.AsSpan(next, filled - next);
            var stop = rest.IndexOfAny(bareStops);
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
            if (Peek() != '"')
            {
                SkipBlanks();
                var after = Peek();
                next += after == End ? 0 : 1;
                return after == dialect.Delimiter || after is '\r' or '\n' or End ? after : throw Refuse(NameOfField(), "has text after a closing quote");
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

    /// <summary>Decodes the next block. Bytes of another encoding are refused only when all before them is consumed, so that the row named is the right one.</summary>
    private bool Fill()
    {
        next = 0;
        filled = 0;
        while (filled == 0)
        {
            if (malformed)
            {
                throw Refuse(NameOfField(), $"holds bytes that are not {dialect.Encoding?.WebName ?? "UTF-8"}{dialect.EncodingHint}");
            }

            if (!bytesEnded)
            {
                var read = stream.Read(bytes, bytesLeft, bytes.Length - bytesLeft);
                bytesEnded = read == 0;
                bytesLeft += read;
            }

            if (bytesLeft == 0 && (bytesEnded && (decoder is null || flushed)))
            {
                return false;
            }

            var taken = decoder is null ? DecodeUtf8() : Decode(decoder);
            bytes.AsSpan(taken, bytesLeft - taken).CopyTo(bytes);
            bytesLeft -= taken;
        }

        return true;
    }

    private int DecodeUtf8()
    {
        var status = Utf8.ToUtf16(bytes.AsSpan(0, bytesLeft), chars, out var taken, out filled, replaceInvalidSequences: false, isFinalBlock: bytesEnded);
        malformed = status == OperationStatus.InvalidData;
        return taken;
    }

    private int Decode(Decoder from)
    {
        try
        {
            from.Convert(bytes.AsSpan(0, bytesLeft), chars, bytesEnded, out var taken, out filled, out _);
            flushed = bytesEnded;
            return taken;
        }
        catch (DecoderFallbackException)
        {
            (malformed, filled) = (true, 0);
            return 0;
        }
    }

    /// <summary>Words that mean a missing value, and how often each column had one.</summary>
    private sealed class MissingWords(FrozenSet<string> words)
    {
        private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> lookup = words.GetAlternateLookup<ReadOnlySpan<char>>();
        private readonly int charactersMax = words.Max(w => w.Length);
        private (long Count, string? Word)[] taken = new (long, string?)[16];

        public bool Take(int column, ReadOnlySpan<char> cell)
        {
            if (cell.Length > charactersMax || !lookup.TryGetValue(cell, out var word))
            {
                return false;
            }

            if (column >= taken.Length)
            {
                Array.Resize(ref taken, Math.Max(column + 1, taken.Length * 2));
            }

            taken[column] = (taken[column].Count + 1, taken[column].Word ?? word);
            return true;
        }

        public (long Count, string? Word) Of(int column) => column < taken.Length ? taken[column] : default;
    }
}

/// <summary>Takes a cell and the place of its column.</summary>
public delegate void CellVisitor(int column, ReadOnlySpan<char> cell);
