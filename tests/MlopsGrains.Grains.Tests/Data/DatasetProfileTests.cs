using System.Globalization;
using System.Text;
using MlopsGrains.Data;
using MlopsGrains.Grains.Data;

namespace MlopsGrains.Grains.Tests.Data;

public sealed class DatasetProfileTests
{
    [Theory]
    [InlineData("1,-2,9223372036854775807", ColumnType.Integer)]
    [InlineData("1,2.5", ColumnType.Number)]
    [InlineData("1,9223372036854775808", ColumnType.Number)]
    [InlineData("1e3,+5,.5", ColumnType.Number)]
    [InlineData("true,False,", ColumnType.Boolean)]
    [InlineData("true,1", ColumnType.Text)]
    [InlineData("007,8", ColumnType.Text)]
    [InlineData("1, 2 ", ColumnType.Integer)]
    [InlineData("1 2,3", ColumnType.Text)]
    [InlineData(" true,FALSE", ColumnType.Boolean)]
    [InlineData("1,Infinity", ColumnType.Text)]
    [InlineData("1,NaN", ColumnType.Text)]
    [InlineData("1,1e999", ColumnType.Text)]
    [InlineData("1,1_000", ColumnType.Text)]
    [InlineData(",", ColumnType.Text)]
    public void Type_IsTheNarrowestThatAllPresentCellsShare(string cells, ColumnType expected) =>
        Assert.Equal(expected, Profile("a\n" + cells.Replace(',', '\n') + "\n").Columns[0].Type);

    [Fact]
    public void Profile_OfIris_HasTheKnownNumbers()
    {
        using var iris = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "testdata", "iris.csv"));

        var profile = DatasetProfile.Of(iris, TestContext.Current.CancellationToken);

        Assert.Equal(150, profile.Rows);
        Assert.Equal([ColumnType.Number, ColumnType.Number, ColumnType.Number, ColumnType.Number, ColumnType.Text], profile.Columns.Select(c => c.Type));
        var sepal = profile.Columns[0];
        Assert.Equal((4.3, 7.9, 35L, 0L), (sepal.Min, sepal.Max, sepal.Distinct, sepal.Missing));
        Assert.Equal(5.843333, sepal.Mean!.Value, 6);
        Assert.Equal(0.828066, sepal.StandardDeviation!.Value, 6);
        Assert.Equal([4.3, 4.6, 5.1, 5.8, 6.4, 7.255, 7.9], sepal.Quantiles!.Select(q => Math.Round(q, 6)));
        Assert.Equal([new("setosa", 50), new("versicolor", 50), new("virginica", 50)], profile.Columns[4].Top!);
        Assert.Null(profile.Columns[4].Mean);
        Assert.Null(sepal.Top);
    }

    /// <summary>A value that appears late and often must be found although hundreds of thousands of others came before.</summary>
    [Fact]
    public void Profile_ManyDistinctTexts_FindsTheFrequentOnesExactlyAndEstimatesTheCount()
    {
        var csv = new StringBuilder("id\n");
        for (var i = 0; i < 120_000; i++)
        {
            csv.Append(CultureInfo.InvariantCulture, $"value-{i}\n");
        }

        csv.Insert(csv.Length, "often\n", 500);

        var column = Profile(csv.ToString()).Columns[0];

        Assert.Equal(new ValueCount("often", 500), column.Top![0]);
        Assert.InRange(column.Distinct, 120_001 * 0.95, 120_001 * 1.05);
    }

    [Fact]
    public void Profile_MixedUpTextAndNumbers_CountsAllTextsFromTheFirstRow()
    {
        var column = Profile("a\n1\n1\n2\nx\n").Columns[0];

        Assert.Equal([new("1", 2), new("2", 1), new("x", 1)], column.Top!);
        Assert.Equal(3, column.Distinct);
        Assert.Null(column.Min);
    }

    [Fact]
    public void Profile_HeaderOnly_HasNoRowsAndNoNumbers()
    {
        var profile = Profile("a,b\n");

        Assert.Equal(0, profile.Rows);
        Assert.All(profile.Columns, c => Assert.Equal((ColumnType.Text, 0L, 0L), (c.Type, c.Missing, c.Distinct)));
    }

    [Fact]
    public void Profile_HugeNumbers_LeavesOutWhatOverflows()
    {
        var column = Profile("a\n1.7e308\n-1.7e308\n1.7e308\n").Columns[0];

        Assert.Equal(1.7e308, column.Max);
        Assert.Null(column.StandardDeviation);
    }

    private static DatasetProfile Profile(string csv) =>
        DatasetProfile.Of(new MemoryStream(Encoding.UTF8.GetBytes(csv)), TestContext.Current.CancellationToken);
}
