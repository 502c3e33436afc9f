using MlopsGrains.Cli.Shell;

namespace MlopsGrains.Cli.Tests;

public sealed class TableFitTests
{
    private const string Id = "0197f1c2a7b87d9c8e5d4f3a2b1c0d9e";

    [Fact]
    public void WhatFits_IsWhole() => Assert.Equal([4, 60], TableFit.Widths([["NAME", "a"], ["TEXT", new string('x', 60)]], 66));

    [Fact]
    public void LongCells_AreCut_ShortOnesNever() =>
        Assert.Equal([20, 20, 36], TableFit.Widths([["NAME", new string('n', 20)], ["TIME", "2026-01-02 03:04:05Z"], ["TEXT", new string('x', 200)]], 80));

    [Fact]
    public void Ids_KeepTwelveDigits_BeforeAColumnIsLeftOut() =>
        Assert.Equal([13, 20, 8, 16], TableFit.Widths([["ID", Id], ["NAME", new string('n', 20)], ["STATUS", "finished"], ["METRICS", new string('m', 90)], ["STARTED", "2026-01-02 03:04:05Z"]], 63));

    [Fact]
    public void LastColumns_AreLeftOut_UntilTheRestFits()
    {
        IReadOnlyList<string>[] columns = [.. Enumerable.Range(0, 12).Select(i => (IReadOnlyList<string>)[$"C{i}", new string('x', 18)])];

        Assert.Equal([18, 18, 18, 18], TableFit.Widths(columns, 80));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void OneColumn_IsAlwaysShown(int width) => Assert.Equal([width], TableFit.Widths([["NAME", new string('x', 90)], ["B", "b"]], width));

    [Theory]
    [InlineData("short", 5, "short")]
    [InlineData("longer", 5, "long…")]
    [InlineData("日本語です", 6, "日本…")]
    [InlineData("e\u0301clair", 3, "e\u0301c…")]
    public void Cut_CountsPlaces(string text, int width, string cut) => Assert.Equal(cut, TableFit.Cut(text, width));

    [Fact]
    public void Line_HoldsNothingThatMovesACursor() => Assert.Equal("a b [31mc", TableFit.Line("a\nb\u001b[31mc"));
}
