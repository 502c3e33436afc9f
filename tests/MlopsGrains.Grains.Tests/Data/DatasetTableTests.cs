using System.Text;
using MlopsGrains.Data;
using MlopsGrains.Grains.Data;

namespace MlopsGrains.Grains.Tests.Data;

/// <summary>Rows of a table, its histograms, and what differs between two.</summary>
public sealed class DatasetTableTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Rows_AreReadInPages_AndFoundByTheirCells()
    {
        var csv = "id,town\n" + string.Concat(Enumerable.Range(1, 250).Select(i => $"{i},{(i % 100 == 0 ? "BERLIN" : "")}\n"));

        var first = Read(csv, new DatasetRowQuery(0, 100));
        Assert.Equal(["id", "town"], first.Columns);
        Assert.Equal((100L, 1L, 100L), (first.Next!.Value, first.Rows[0].Row, first.Rows[^1].Row));
        Assert.Equal(["1", null], first.Rows[0].Cells);
        Assert.Null(Read(csv, new DatasetRowQuery(200, 100)).Next);
        Assert.Equal([100L, 200L], Read(csv, new DatasetRowQuery(0, 10, "berlin")).Rows.Select(r => r.Row));
        Assert.Equal(100, Read(csv, new DatasetRowQuery(0, 1, "berlin")).Next);
        Assert.Empty(Read(csv, new DatasetRowQuery(250, 10)).Rows);
    }

    [Fact]
    public void LongCells_AreCutBetweenCharacters_AndAnAnswerStaysSmall()
    {
        var cell = new string('x', 1_999) + "😀" + new string('y', 9_000);

        Assert.Equal(new string('x', 1_999) + "…", Read($"a\n{cell}\n", new DatasetRowQuery(0, 1)).Rows[0].Cells[0]);
        var wide = string.Join(',', Enumerable.Repeat(new string('z', 2_000), 100));
        var many = Read($"{string.Join(',', Enumerable.Range(0, 100))}\n{string.Concat(Enumerable.Repeat(wide + "\n", 100))}", new DatasetRowQuery(0, 100));
        Assert.InRange(many.Rows.Count, 20, 22);
        Assert.Equal(many.Rows.Count, many.Next);
    }

    [Fact]
    public void Histogram_OfIris_CountsWhatItsEdgesSay()
    {
        using var iris = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "testdata", "iris.csv"));

        var sepal = DatasetProfile.Of(iris, Cancel).Columns[0];

        Assert.Equal([4, 5, 7, 16, 9, 5, 13, 14, 10, 6, 10, 16, 7, 11, 4, 2, 4, 1, 5, 1], sepal.Histogram!);
    }

    [Theory]
    [InlineData(-1e308, 1e308)]
    [InlineData(0.1, 0.7)]
    [InlineData(3, 3)]
    [InlineData(0, double.Epsilon)]
    public void EveryNumber_IsInTheBinWhoseEdgesHoldIt(double low, double high)
    {
        foreach (var share in Enumerable.Range(0, 1001).Select(i => i / 1000.0))
        {
            var number = Math.Clamp((low * (1 - share)) + (high * share), low, high);
            var bin = NumberBins.Of(number, low, high);
            Assert.InRange(bin, 0, NumberBins.Count - 1);
            Assert.True(high == low || (number >= NumberBins.Edge(bin, low, high) && (number < NumberBins.Edge(bin + 1, low, high) || number == high)), $"{number:R} in bin {bin} of {low:R} to {high:R}");
        }
    }

    [Fact]
    public void Difference_TellsShiftedNumbers_OtherWords_AndOtherTypes()
    {
        var from = "same,shifted,word,kind,text\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i},{i},{(i % 2 == 0 ? "a" : "b")},{i},x\n"));
        var to = "same,shifted,word,kind,text\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{i},{i + 1000},{(i % 2 == 0 ? "a" : "c")},k{i},\n"));

        var found = Compare(from, to).ToDictionary(c => c.Name);

        Assert.Equal(0, found["same"].Distance);
        Assert.Equal(1, found["shifted"].Distance!.Value, 12);
        Assert.Equal((0.0, 1199.0), (found["shifted"].Bins[0].Low!.Value, found["shifted"].Bins[^1].High!.Value));
        Assert.Equal(200, found["shifted"].Bins.Sum(b => b.From));
        Assert.Equal([new("a", null, null, 100, 100), new("b", null, null, 100, 0), new("c", null, null, 0, 100), new(null, null, null, 0, 0)], found["word"].Bins);

        // Half of the values moved: the distance is the root of half a bit.
        Assert.Equal(Math.Sqrt(0.5), found["word"].Distance!.Value, 12);
        Assert.Null(found["kind"].Distance);
        Assert.Null(found["text"].Distance);
        Assert.Equal(["kind", "text", "shifted", "word", "same"], Compare(from, to).Select(c => c.Name));
    }

    [Fact]
    public void Difference_OfMoreValuesThanAreNamed_CountsTheRestTogether()
    {
        var from = "w\n" + string.Concat(Enumerable.Range(0, 50).Select(i => string.Concat(Enumerable.Repeat($"v{i}\n", 50 - i))));

        var column = Assert.Single(Compare(from, from));

        Assert.Equal((21, "v0", null), (column.Bins.Count, column.Bins[0].Value, column.Bins[^1].Value));
        Assert.Equal(column.Bins.Sum(b => b.From), Enumerable.Range(1, 50).Sum());
        Assert.Equal(0, column.Distance);
    }

    private static (IReadOnlyList<string> Columns, IReadOnlyList<DatasetRow> Rows, long? Next) Read(string csv, DatasetRowQuery query) => DatasetRowReader.Read(Stream(csv), query, Cancel);

    private static IReadOnlyList<ColumnDifference> Compare(string from, string to) =>
        DatasetComparison.Of((Stream(from), DatasetProfile.Of(Stream(from), Cancel).Columns), (Stream(to), DatasetProfile.Of(Stream(to), Cancel).Columns), Cancel);

    private static MemoryStream Stream(string csv) => new(Encoding.UTF8.GetBytes(csv));
}
