using CsCheck;
using MlopsGrains.Algorithms.Data;

namespace MlopsGrains.Algorithms.Tests.Data;

public sealed class RowSplitTests
{
    [Fact]
    public void Parts_HaveTheAskedSizes_AndAppendingRowsKeepsTheOrder() =>
        Gen.Select(Gen.Int[0, 500], Gen.Long, Gen.Double[0, 0.5], Gen.Double[0, 0.5]).Sample((rows, seed, test, validation) =>
        {
            var parts = RowSplit.Parts(rows, seed, [test, validation]);
            Assert.Equal(rows, parts.Length);
            Assert.InRange(parts.Count(p => p == 1), Math.Floor(rows * test), Math.Ceiling(rows * test));
            Assert.InRange(parts.Count(p => p == 2), Math.Floor(rows * validation) - 1, Math.Ceiling(rows * validation));
            Assert.Equal(parts, RowSplit.Parts(rows, seed, [test, validation]));
        });

    [Fact]
    public void Stratum_MeetsTheShareWithinEachValue()
    {
        string[] labels = [.. Enumerable.Range(0, 150).Select(i => i < 100 ? "a" : i < 149 ? "b" : "")];
        var parts = RowSplit.Parts(150, 7, [0.2], i => labels[i]);

        Assert.Equal((20, 10, 0), (Count("a"), Count("b"), Count("")));
        int Count(string label) => Enumerable.Range(0, 150).Count(i => labels[i] == label && parts[i] == 1);
    }

    [Fact]
    public void SameSeed_SameRows_OnEveryPlatform()
    {
        // Recomputed by a second program: the first eight bytes of SHA-256 over seed and row, both little-endian, rank the rows.
        Assert.Equal([4, 5, 9, 13, 15, 17], Enumerable.Range(0, 20).Where(i => RowSplit.Parts(20, 42, [0.3])[i] == 1));
        Assert.NotEqual(RowSplit.Parts(40, 42, [0.3]), RowSplit.Parts(40, 43, [0.3]));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void WrongShare_IsRefusedByName(double share) => Assert.Throws<ArgumentException>("fractions", () => RowSplit.Parts(3, 1, [share]));
}
