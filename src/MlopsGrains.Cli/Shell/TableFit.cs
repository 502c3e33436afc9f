using System.Text;
using MlopsGrains.Experiments;
using MlopsGrains.Identity;
using Spectre.Console.Rendering;

namespace MlopsGrains.Cli.Shell;

/// <summary>
/// How a table fits a terminal: nothing wraps, the last columns are left out, long cells are cut. Short cells (times, numbers, states) stay whole; ids keep enough
/// digits to be typed again, because a unique beginning names a thing. Pure.
/// </summary>
internal static class TableFit
{
    public const int Gap = 2;

    private const int WholeMax = 20;
    private const int CutMin = 16;
    private const int IdDigits = 12;

    /// <param name="columns">All cells of each column, its title first.</param>
    /// <param name="width">Of the terminal.</param>
    /// <returns>The width of each column that is shown; the others, at the end, are left out.</returns>
    public static IReadOnlyList<int> Widths(IReadOnlyList<IReadOnlyList<string>> columns, int width)
    {
        var whole = columns.Select(c => c.Max(Measure)).ToList();
        var least = columns.Select((c, i) => LeastOf(c, whole[i])).ToList();
        var shown = columns.Count;
        while (shown > 1 && least.Take(shown).Sum() + (Gap * (shown - 1)) > width)
        {
            shown--;
        }

        var widths = least.Take(shown).ToList();
        for (var left = width - widths.Sum() - (Gap * (shown - 1)); left > 0; left--)
        {
            // The narrowest of those that lack something, so that one long text does not take it all.
            var lacking = Enumerable.Range(0, shown).Where(i => widths[i] < whole[i]).ToList();
            if (lacking.Count == 0)
            {
                break;
            }

            widths[lacking.MinBy(i => widths[i])]++;
        }

        widths[0] = Math.Min(widths[0], Math.Max(width, 1));
        return widths;
    }

    /// <summary>The text in at most <paramref name="width"/> places of a terminal.</summary>
    public static string Cut(string text, int width)
    {
        if (Measure(text) <= width)
        {
            return text;
        }

        var (cut, taken) = (new StringBuilder(), 0);
        foreach (var rune in text.EnumerateRunes())
        {
            var places = Measure(rune.ToString());
            if (taken + places > width - 1)
            {
                break;
            }

            cut.Append(rune);
            taken += places;
        }

        return cut.Append('…').ToString();
    }

    public static string Pad(string text, int width) => text + new string(' ', Math.Max(0, width - Measure(text)));

    /// <summary>One line: what would move a terminal's cursor becomes a space.</summary>
    public static string Line(string? text) => text is null ? "-" : string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));

    /// <summary>Places on a terminal; some characters take two.</summary>
    public static int Measure(string text) => new Segment(text).CellCount();

    private static int LeastOf(IReadOnlyList<string> cells, int whole) =>
        whole <= WholeMax ? whole
        : cells.Skip(1).All(IsId) ? Math.Max(IdDigits + 1 + Lead(cells), Measure(cells[0]))
        : Math.Max(CutMin, Measure(cells[0]));

    private static bool IsId(string cell) => cell == "-" || (cell.Length >= IdFormat.Length && cell[(cell.StartsWith(TrackingIds.LoggedModelPrefix, StringComparison.Ordinal) ? TrackingIds.LoggedModelPrefix.Length : 0)..].All(char.IsAsciiHexDigitLower));

    private static int Lead(IReadOnlyList<string> cells) => cells.Skip(1).Any(c => c.StartsWith(TrackingIds.LoggedModelPrefix, StringComparison.Ordinal)) ? TrackingIds.LoggedModelPrefix.Length : 0;
}
