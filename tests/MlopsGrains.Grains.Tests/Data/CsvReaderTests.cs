using System.Globalization;
using System.Text;
using CsCheck;
using CsvHelper.Configuration;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Data;
using CsvParser = CsvHelper.CsvParser;

namespace MlopsGrains.Grains.Tests.Data;

public sealed class CsvReaderTests
{
    [Theory]
    [InlineData("a,b\n1,2\n", "1|2")]
    [InlineData("a,b\r\n1,2", "1|2")]
    [InlineData("a,b\r1,2\r", "1|2")]
    [InlineData("\uFEFFa,b\n1,2\n", "1|2")]
    [InlineData("a,b\n,\n", "|")]
    [InlineData("a,b\n\"x,\"\"y\"\"\n\",2\n", "x,\"y\"\n|2")]
    [InlineData("a,b\n\"\",é€𝄞\n", "|é€𝄞")]
    public void Read_WellFormed_GivesTheCells(string csv, string cells) => Assert.Equal([cells], Rows(csv));

    [Theory]
    [InlineData("a,b\n1,2\n3,4\n\n", "1|2 3|4")]
    [InlineData("\n\na,b\r\n\r\n1,2\r\n\r\n\r\n3,4", "1|2 3|4")]
    [InlineData("a\n1\n\n2\n", "1 2")]
    [InlineData("a\n1\n\"\"\n2\n", "1  2")]
    public void Read_BlankLines_AreNotRows(string csv, string rows) => Assert.Equal(rows, string.Join(' ', Rows(csv)));

    [Fact]
    public void Read_BlankLines_CountAsLines() =>
        Assert.Contains("Row 2 (line 5) has 1 field", Assert.Throws<MlopsException>(() => Rows("a,b\n\n1,2\n\n3\n")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("", "empty")]
    [InlineData("a,,b\n", "no name for column 2")]
    [InlineData("a,b,a\n", "'a' twice, again in column 3")]
    [InlineData("a,b\n1,2\n1,2,3\n", "Row 2 (line 3) has 3 fields; the header has 2")]
    [InlineData("a,b\n1\n", "Row 1 (line 2) has 1 field; the header has 2")]
    [InlineData("a,b\n\"x\ny\",1\n1\n", "Row 2 (line 4) has 1 field")]
    [InlineData("a,b\n1,x\"y\n", "Row 1 (line 2), column 'b', has a quote inside")]
    [InlineData("a,b\n\"x\"y,1\n", "column 'a', has text after a closing quote")]
    [InlineData("a,b\n1,\"x\n", "column 'b', opens a quote that is never closed")]
    public void Read_Malformed_NamesThePlace(string csv, string expected)
    {
        var refusal = Assert.Throws<MlopsException>(() => Rows(csv));

        Assert.Equal(ErrorKind.InvalidInput, refusal.Kind);
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_BytesThatAreNotUtf8_NamesTheirRow()
    {
        byte[] csv = [.. "a,b\n1,2\n3,"u8, 0xC3, 0x28, .. "\n"u8];

        var refusal = Assert.Throws<MlopsException>(() => Rows(new MemoryStream(csv)));

        Assert.Equal("rows[2].b", refusal.Field);
        Assert.Contains("not UTF-8", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_PastALimit_NamesTheLimit()
    {
        var limits = new CsvLimits(ColumnsMax: 3, CellCharactersMax: 5, RowCharactersMax: 8);

        Assert.Contains("more than 3 fields", Assert.Throws<MlopsException>(() => Rows("a,b,c,d\n", limits)).Message, StringComparison.Ordinal);
        Assert.Contains("more than 5 characters", Assert.Throws<MlopsException>(() => Rows("a\n123456\n", limits)).Message, StringComparison.Ordinal);
        Assert.Contains("more than 8 characters", Assert.Throws<MlopsException>(() => Rows("a,b\n12345,12345\n", limits)).Message, StringComparison.Ordinal);
    }

    /// <summary>Whatever is written comes back cell for cell, whatever block boundaries fall into it, and another reader agrees.</summary>
    [Fact]
    public void WriteThenRead_AnyCells_GivesThemBack() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[0, 20]).SelectMany((columns, rows) => Gen.String[Gen.Char["ab,\"\r\n é€\uFEFF"], 0, 8].Array[columns].Array[rows]).Sample(
            rows =>
            {
                var columns = rows.Length == 0 ? 1 : rows[0].Length;
                var text = new StringWriter();
                var writer = new CsvWriter(text);
                writer.WriteRow([.. Enumerable.Range(0, columns).Select(i => $"c{i}")]);
                Array.ForEach(rows, writer.WriteRow);

                var bytes = Encoding.UTF8.GetBytes(text.ToString());
                Assert.Equal(rows.Select(r => string.Join('|', r)), Rows(new Trickle(bytes)));

                using var other = new CsvParser(new StringReader(text.ToString()), new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n", IgnoreBlankLines = false });
                other.Read();
                Assert.Equal(rows.Select(r => string.Join('|', r)), Rest(other));
            },
            iter: 2000);

    [Fact]
    public void Read_RandomBytes_NeverFailsOtherwise() =>
        Gen.Byte.Array[0, 200].Sample(bytes =>
        {
            try
            {
                Rows(new MemoryStream(bytes));
            }
            catch (MlopsException e)
            {
                Assert.Equal(ErrorKind.InvalidInput, e.Kind);
            }
        });

    private static IEnumerable<string> Rest(CsvParser parser)
    {
        while (parser.Read())
        {
            yield return string.Join('|', parser.Record!);
        }
    }

    private static List<string> Rows(string csv, CsvLimits? limits = null) => Rows(new MemoryStream(Encoding.UTF8.GetBytes(csv)), limits);

    private static List<string> Rows(Stream stream, CsvLimits? limits = null)
    {
        using var reader = CsvReader.Open(stream, limits: limits);
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.Columns.Count).Select(reader.Text)));
        }

        return rows;
    }

    /// <summary>Gives a few bytes at a time, so that characters are cut in the middle.</summary>
    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 3));
    }
}
