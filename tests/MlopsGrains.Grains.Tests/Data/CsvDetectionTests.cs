using System.Text;
using MlopsGrains.Data;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Data;

namespace MlopsGrains.Grains.Tests.Data;

/// <summary>CSV as people have it: found out where the file leaves no doubt, asked where it does.</summary>
public sealed class CsvDetectionTests
{
    private static readonly Encoding Latin = CodePagesEncodingProvider.Instance.GetEncoding("windows-1252")!;

    [Theory]
    [InlineData("a;b;c\n1;2;3\n", "a|b|c;1|2|3")]
    [InlineData("a\tb\n1\t2\n", "a|b;1|2")]
    [InlineData("a|b\r\n1|2\r\n", "a|b;1|2")]
    [InlineData("\"x;y\",b\n1,2\n", "x;y|b;1|2")]
    [InlineData("\"fixed acidity\";\"quality\"\n7.4;5\n7.8;5\n", "fixed acidity|quality;7.4|5;7.8|5")]
    [InlineData("name;x\n\"a, b\";1\n\"c\";2\n", "name|x;a, b|1;c|2")]
    [InlineData("sep=;\r\na;b\r\n1;2\r\n", "a|b;1|2")]
    [InlineData("a;b\n1,5;x\n2;y, z\n", "a|b;1.5|x;2|y, z")]
    [InlineData("a;b\n1,5;1\n-0,25;1234,5\n", "a|b;1.5|1;-0.25|1234.5")]
    [InlineData("a;b\n1,234;1\n1,5;2\n", "a|b;1.234|1;1.5|2")]
    [InlineData("a;b\n1,5;3 apples\n2,5;7,5 pears\n", "a|b;1.5|3 apples;2.5|7,5 pears")]
    [InlineData("a;b\n0,123;x\n0,456;y\n", "a|b;0.123|x;0.456|y")]
    [InlineData("a, b\n 1, x \n 2,\"  y \"\n", "a|b;1|x;2|  y ")]
    [InlineData("a,b\nNA,?\n1,n/a\n<NA>,null\n", "a|b;|;1|;|")]
    [InlineData("a,b\n1,Nairobi\n2,None\n", "a|b;1|Nairobi;2|None")]
    [InlineData("one\n1\n2\n", "one;1;2")]
    [InlineData("a,b\n1,2\n\n", "a|b;1|2")]
    [InlineData("a,b\n1.5,2\n", "a|b;1.5|2")]
    public void Certain_IsRead(string csv, string cells) => Assert.Equal(cells, Read(csv));

    [Theory]
    [InlineData("a,b;c\n1,2;3\n", "delimiter", "comma (',') or semicolon (';')")]
    [InlineData("export\n1;2\n3;4\n", "delimiter", "semicolon (';')")]
    [InlineData("a;b\n1,234;x\n5,678;y\n", "decimal", "'1,234', which may have a decimal comma or a thousands separator")]
    [InlineData("a;b\n1,5;2.5\n2,5;3.5\n", "decimal", "column 'b' with a point, such as '2.5'")]
    [InlineData("5.1,3.5,setosa\n4.9,3.0,setosa\n", "header", "it holds '5.1'. Say header=false")]
    [InlineData("<html><body>404 not found</body></html>\n", "body", "a web page")]
    [InlineData("  <!DOCTYPE html>\n", "body", "a web page")]
    [InlineData("{\"a\":1}\n", "body", "JSON")]
    [InlineData("PK\u0003\u0004...", "body", "Excel")]
    [InlineData("", "header", "empty")]
    [InlineData("a;b\n1;2\n3\n", "rows[2]", "has 1 field; the header has 2")]
    public void Uncertain_IsAskedByTheOptionsName(string csv, string field, string message)
    {
        var refusal = Assert.Throws<MlopsException>(() => Read(csv));

        Assert.Equal((ErrorKind.InvalidInput, field), (refusal.Kind, refusal.Field));
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, CsvOptions, string> Said => new()
    {
        { "a,b;c\n1,2;3\n", new(Delimiter: ";"), "a,b|c;1.2|3" },
        { "a,b;c\n1,2;3\n", new(Delimiter: "comma"), "a|b;c;1|2;3" },
        { "a;b\n1,234;x\n", new(Decimal: ","), "a|b;1.234|x" },
        { "a;b\n1,234;x\n", new(Decimal: "point"), "a|b;1,234|x" },
        { "a,b\n\"1,5\",x\n", new(Decimal: "comma"), "a|b;1.5|x" },
        { "5.1,3.5\n4.9,3.0\n", new(Header: false), "c1|c2;5.1|3.5;4.9|3.0" },
        { "5.1,3.5\n4.9,3.0\n", new(Header: true), "5.1|3.5;4.9|3.0" },
        { "39, ?\n50, Private\n", new(Columns: ["age", "work"]), "age|work;39|;50|Private" },
        { "x,y\n1,2\n", new(Header: true, Columns: ["a", "b"]), "a|b;1|2" },
        { "a,b\nNA,-\n1,?\n", new(Missing: ["-"]), "a|b;NA|;1|?" },
        { "a,b\nNA,\n1,?\n", new(Missing: []), "a|b;NA|;1|?" },
        { "a, b\n1, x\n", new(Trim: false), "a| b;1| x" },
        { "<x>,b\n1,2\n", new(), "<x>|b;1|2" },
    };

    [Theory]
    [MemberData(nameof(Said))]
    public void Option_Wins(string csv, CsvOptions options, string cells) => Assert.Equal(cells, Read(csv, options));

    public static TheoryData<string, CsvOptions, string> Nonsense => new()
    {
        { "a\n", new(Delimiter: "::"), "delimiter" },
        { "a\n", new(Decimal: ";"), "decimal" },
        { "a\n", new(Encoding: "utf-9"), "encoding" },
        { "a\n", new(Columns: []), "columns" },
        { "a,b\n", new(Columns: ["x"]), "columns" },
        { "a\n", new(Missing: [""]), "missing" },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void Option_OutOfItsValues_IsRefusedByItsName(string csv, CsvOptions options, string field) => Assert.Equal(field, Assert.Throws<MlopsException>(() => Read(csv, options)).Field);

    [Theory]
    [InlineData("utf-8", true)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-32", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", false)]
    public void Encoding_ThatTheBytesTell_IsRead(string name, bool withMark)
    {
        var encoding = Encoding.GetEncoding(name);
        byte[] bytes = [.. withMark ? encoding.GetPreamble() : [], .. encoding.GetBytes("ort;preis\nZürich;1,5\nGenève;2,25\n")];

        Assert.Equal("ort|preis;Zürich|1.5;Genève|2.25", Read(bytes));
    }

    [Fact]
    public void Encoding_ThatTheBytesDoNotTell_IsAskedForAndTaken()
    {
        var bytes = Latin.GetBytes("ort,n\nBern,1\nZürich,2\n");

        var refusal = Assert.Throws<MlopsException>(() => Read(bytes));

        Assert.Contains("Row 2 (line 3), column 'ort', holds bytes that are not UTF-8; say its encoding, such as encoding=windows-1252", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("ort|n;Bern|1;Zürich|2", Read(bytes, new(Encoding: "windows-1252")));
        Assert.Equal("ort|n;Bern|1;Zürich|2", Read(bytes, new(Encoding: "latin1")));
        Assert.Contains("not utf-8", Assert.Throws<MlopsException>(() => Read(bytes, new(Encoding: "utf-8"))).Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Encoding_OfHalfACharacter_IsRefused() =>
        Assert.Contains("not utf-16", Assert.Throws<MlopsException>(() => Read([.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("a,b\n1,2\n"), 0x41])).Message, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void Notes_TellWordsTakenForMissingAndColumnsThatAreNearlyNumbers()
    {
        var (_, read) = Detect(Encoding.UTF8.GetBytes("a,b\n" + string.Concat(Enumerable.Range(0, 10).Select(i => $"{i},{(i == 3 ? "NA" : i)}\n")) + "1 000,7\n"), null);

        Assert.Equal(
            ["Read as missing: 'NA' in b (1); the option missing chooses the words.", "Column 'a' is text: 1 of its 11 values is not a number, such as '1 000'."],
            read.Notes);
        Assert.Equal([ColumnType.Text, ColumnType.Integer], read.Profile.Columns.Select(c => c.Type));
    }

    private static string Read(string csv, CsvOptions? options = null) => Read(Encoding.UTF8.GetBytes(csv), options);

    private static string Read(byte[] csv, CsvOptions? options = null)
    {
        var (dialect, _) = Detect(csv, options);
        using var reader = CsvReader.Open(new MemoryStream(csv), dialect);
        var rows = new List<string> { string.Join('|', reader.Columns) };
        while (reader.Read())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.Columns.Count).Select(reader.Text)));
        }

        return string.Join(';', rows);
    }

    private static (CsvDialect Dialect, ReadCsv Read) Detect(byte[] csv, CsvOptions? options)
    {
        var content = new MemoryStream(csv);
        var dialect = DecimalCommas.Find(content, CsvDetection.Detect(content, options), options?.Decimal, CancellationToken.None);
        return (dialect, ReadCsv.Of(content, dialect, CancellationToken.None));
    }
}
