using MlopsGrains.Monitoring;
using MlopsGrains.Web.Formats;

namespace MlopsGrains.Web.Monitoring;

/// <summary>What the counts of a feature say: shares, and quantiles as far as bins tell them.</summary>
internal static class FeatureNumbers
{
    public static readonly double[] Quantiles = [0.05, 0.25, 0.5, 0.75, 0.95];

    /// <summary>After the bins of numbers: below, above, missing, not finite.</summary>
    private const int NumberExtras = 4;

    /// <summary>After the categories of texts: other, new, missing.</summary>
    private const int TextExtras = 3;

    public static bool IsNumber(FeatureCounts feature) => feature.Edges is not null;

    /// <summary>How many bins there are before the counts of what is outside of them.</summary>
    public static int Bins(FeatureCounts feature) => feature.Reference.Count - (IsNumber(feature) ? NumberExtras : TextExtras);

    /// <summary>Names of what is counted after the bins.</summary>
    public static IReadOnlyList<string> Extras(FeatureCounts feature) => IsNumber(feature) ? ["below", "above", "missing", "not finite"] : ["other", "new", "missing"];

    /// <summary>Share of the rows without a usable value; <see langword="null"/> without rows.</summary>
    public static double? MissingShare(FeatureCounts feature, IReadOnlyList<long> counts) =>
        Share(IsNumber(feature) ? counts[^2] + counts[^1] : counts[^1], counts.Sum());

    /// <summary>Share of the finite values outside the reference's range, or of the texts in new categories.</summary>
    public static double? OutsideShare(FeatureCounts feature, IReadOnlyList<long> counts)
    {
        var bins = Bins(feature);
        return IsNumber(feature) ? Share(counts[bins] + counts[bins + 1], counts.Take(bins + 2).Sum()) : Share(counts[^2], counts.Take(bins + 2).Sum());
    }

    /// <summary>
    /// A quantile of the finite values, linear within a bin: <see cref="double.NegativeInfinity"/> when it lies below the reference's range, <see cref="double.PositiveInfinity"/> above it,
    /// <see langword="null"/> without values or for texts.
    /// </summary>
    public static double? Quantile(FeatureCounts feature, IReadOnlyList<long> counts, double p)
    {
        if (feature.Edges is not { } edges)
        {
            return null;
        }

        var bins = edges.Count - 1;
        var (below, above) = (counts[bins], counts[bins + 1]);
        var total = counts.Take(bins).Sum() + below + above;
        if (total == 0)
        {
            return null;
        }

        var wanted = p * total;
        var before = (double)below;
        if (wanted < before)
        {
            return double.NegativeInfinity;
        }

        for (var i = 0; i < bins; i++)
        {
            if (counts[i] > 0 && wanted <= before + counts[i])
            {
                return edges[i] + (edges[i + 1] - edges[i]) * (wanted - before) / counts[i];
            }

            before += counts[i];
        }

        return above > 0 ? double.PositiveInfinity : edges[^1];
    }

    /// <summary>A quantile as it is shown: outside of the reference's range only that is known.</summary>
    public static string Shows(FeatureCounts feature, double? quantile) => quantile switch
    {
        null => Shown.Missing,
        double.NegativeInfinity => "< " + Shown.Metric(Rounded(feature.Edges![0])),
        double.PositiveInfinity => "> " + Shown.Metric(Rounded(feature.Edges![^1])),
        { } value => Shown.Metric(Rounded(value)),
    };

    /// <summary>What moved, such as <c>median 29 → 7</c> or <c>Bern 55 % → 71 %</c>; <see langword="null"/> when nothing is counted.</summary>
    public static string? Moved(FeatureCounts feature)
    {
        if (feature.Reference.Sum() == 0 || feature.Window.Sum() == 0)
        {
            return null;
        }

        if (IsNumber(feature))
        {
            return Quantile(feature, feature.Reference, 0.5) is { } was && Quantile(feature, feature.Window, 0.5) is { } now ? $"median {Shows(feature, was)} → {Shows(feature, now)}" : null;
        }

        var (reference, window) = ((double)feature.Reference.Sum(), (double)feature.Window.Sum());
        string[] names = [.. feature.Categories ?? [], .. Extras(feature)];
        var most = Enumerable.Range(0, names.Length).MaxBy(i => Math.Abs(feature.Window[i] / window - feature.Reference[i] / reference));
        return $"{Shown.Name(names[most], 30)} {Shown.Share(feature.Reference[most] / reference)} → {Shown.Share(feature.Window[most] / window)}";
    }

    /// <summary>Edges lie a little beside the values that made them, which nobody wants to read.</summary>
    private static double Rounded(double value) => value == 0 || !double.IsFinite(value) ? value : double.Parse(value.ToString("G4", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);

    private static double? Share(long part, long whole) => whole > 0 ? (double)part / whole : null;
}
