using MlopsGrains.Algorithms.Data;
using MlopsGrains.Data;

namespace MlopsGrains.Grains.Data;

/// <summary>Compares the columns that two tables have in common.</summary>
internal static class DatasetComparison
{
    private const int ValuesMax = 20;

    /// <summary>The columns of both in the order of how much they differ. Reads each table once; blocks; the streams are left open.</summary>
    public static IReadOnlyList<ColumnDifference> Of(
        (Stream Content, IReadOnlyList<ColumnProfileView> Columns) from, (Stream Content, IReadOnlyList<ColumnProfileView> Columns) to, CancellationToken cancellationToken)
    {
        var later = to.Columns.ToDictionary(c => c.Name, StringComparer.Ordinal);
        var both = from.Columns.Where(c => later.ContainsKey(c.Name)).Select(c => new ComparedColumn(c, later[c.Name])).ToDictionary(c => c.Name, StringComparer.Ordinal);
        Count(from.Content, both, later: false, cancellationToken);
        Count(to.Content, both, later: true, cancellationToken);
        return [.. both.Values.Select(c => c.View()).OrderByDescending(c => c.Distance ?? double.PositiveInfinity).ThenBy(c => c.Name, StringComparer.Ordinal)];
    }

    private static void Count(Stream content, Dictionary<string, ComparedColumn> both, bool later, CancellationToken cancellationToken)
    {
        using var reader = CsvReader.Open(content, CsvDialect.Standard, leaveOpen: true);
        var columns = reader.Columns.Select(name => both.GetValueOrDefault(name)).ToArray();
        reader.ReadAll((place, cell) => columns[place]?.Add(cell, later), cancellationToken);
    }

    /// <summary>One column's counts over bins that both sides share: equal ranges of all numbers, or the commonest values of both and all others.</summary>
    private sealed class ComparedColumn(ColumnProfileView from, ColumnProfileView to)
    {
        private readonly bool isNumber = IsNumber(from) && IsNumber(to);
        private readonly double low = Math.Min(from.Min ?? double.PositiveInfinity, to.Min ?? double.PositiveInfinity);
        private readonly double high = Math.Max(from.Max ?? double.NegativeInfinity, to.Max ?? double.NegativeInfinity);
        private readonly Dictionary<string, int>? values = IsNumber(from) || IsNumber(to) ? null : Commonest(from, to);
        private readonly long[] fromCounts = new long[Math.Max(NumberBins.Count, ValuesMax) + 1];
        private readonly long[] toCounts = new long[Math.Max(NumberBins.Count, ValuesMax) + 1];

        public string Name => from.Name;

        private int Bins => isNumber ? NumberBins.Count : values is null ? 0 : values.Count + 1;

        public void Add(ReadOnlySpan<char> cell, bool later)
        {
            if (cell.IsEmpty || Bins == 0)
            {
                return;
            }

            var counts = later ? toCounts : fromCounts;
            if (values is not null)
            {
                counts[values.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(cell, out var place) ? place : values.Count]++;
            }
            else if (CsvValue.TryNumber(cell, out var number))
            {
                counts[NumberBins.Of(number, low, high)]++;
            }
        }

        public ColumnDifference View()
        {
            var names = values?.OrderBy(v => v.Value).Select(v => v.Key).ToArray();
            var bins = Enumerable.Range(0, Bins).Select(place => names is null
                ? new DifferenceBin(null, NumberBins.Edge(place, low, high), NumberBins.Edge(place + 1, low, high), fromCounts[place], toCounts[place])
                : new DifferenceBin(names.ElementAtOrDefault(place), null, null, fromCounts[place], toCounts[place]));
            return new ColumnDifference(Name, from, to, Bins == 0 ? null : BinnedDistance.JensenShannonDistance(fromCounts.AsSpan(0, Bins), toCounts.AsSpan(0, Bins)), [.. bins]);
        }

        private static bool IsNumber(ColumnProfileView column) => column.Type is ColumnType.Integer or ColumnType.Number;

        /// <summary>The commonest values of both with their bins.</summary>
        private static Dictionary<string, int> Commonest(ColumnProfileView from, ColumnProfileView to) =>
            (from.Top ?? []).Concat(to.Top ?? []).GroupBy(v => v.Value, StringComparer.Ordinal)
                .OrderByDescending(v => v.Sum(x => x.Count)).ThenBy(v => v.Key, StringComparer.Ordinal).Take(ValuesMax)
                .Index().ToDictionary(v => v.Item.Key, v => v.Index, StringComparer.Ordinal);
    }
}
