using MlopsGrains.Algorithms.Monitoring;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>Between the bins of the wire and those of the algorithms; and the bins and counts that reference values make.</summary>
internal static class FeatureHistogram
{
    public static FeatureReference Reference(ReferenceColumn column) =>
        column.Numbers is { } numbers ? OfNumbers(column, [.. numbers]) : OfTexts(column);

    public static NumericBins Numeric(FeatureBins bins) => new(bins.Edges![0], bins.Edges[^1], bins.Edges.AsSpan()[1..^1]);

    public static CategoryBins Categories(FeatureBins bins) => new(bins.Categories, otherIsOpen: bins.OtherIsOpen);

    private static FeatureReference OfNumbers(ReferenceColumn column, double[] numbers)
    {
        var bins = new FeatureBins(column.Name, Edges(numbers), null);
        var histogram = new NumericHistogram(Numeric(bins));
        histogram.Add(numbers);
        histogram.AddMissing(column.Missing);
        return new FeatureReference(bins, histogram.ToArray());
    }

    private static FeatureReference OfTexts(ReferenceColumn column)
    {
        var ranked = column.Texts.OrderByDescending(t => t.Value).ThenBy(t => t.Key, StringComparer.Ordinal).ToList();
        var named = ranked.Take(CategoryBins.MaxNamed).ToList();
        var other = ranked.Skip(CategoryBins.MaxNamed).Sum(t => t.Value) + column.OtherTexts;
        var bins = new FeatureBins(column.Name, null, [.. named.Select(t => t.Key)], OtherIsOpen: other > 0);
        return new FeatureReference(bins, [.. named.Select(t => t.Value), other, 0, column.Missing]);
    }

    /// <summary>
    /// The quantile cuts, each moved to the middle between the values beside it, and a range a little wider than the reference's: on a value,
    /// an edge would send the same number to another bin once it has travelled as a 32-bit float. Cuts between the same two values become one.
    /// </summary>
    private static double[] Edges(double[] numbers)
    {
        if (ReferenceBins.Compute(numbers) is not { } bins)
        {
            return [0, 0];
        }

        var sorted = numbers.Where(double.IsFinite).Order().ToArray();
        var (least, greatest) = (Finite(bins.Minimum - Slack(bins.Minimum)), Finite(bins.Maximum + Slack(bins.Maximum)));
        var cuts = bins.ToArray().Select(cut => Between(sorted, cut)).Distinct().Where(cut => cut > least && cut < greatest);
        return [least, .. cuts, greatest];
    }

    private static double Between(double[] sorted, double cut)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = sorted[middle] < cut ? (middle + 1, high) : (low, middle);
        }

        return sorted[low - 1] / 2 + sorted[low] / 2;
    }

    private static double Slack(double value) => Math.Max(Math.Abs(value) * 1e-6, 1e-300);

    private static double Finite(double edge) => Math.Clamp(edge, double.MinValue, double.MaxValue);
}
