using MlopsGrains.Monitoring;
using MlopsGrains.Web.Formats;

namespace MlopsGrains.Web.Monitoring;

/// <summary>A bar of a feature's histogram: shares of all rows, 0–1.</summary>
/// <param name="Label">Where it begins, or what it counts.</param>
/// <param name="Title">The whole bin.</param>
/// <param name="Reference">Share of the reference.</param>
/// <param name="Window">Share of the window.</param>
/// <param name="IsBeside">Outside of the bins: below, above, missing and the like.</param>
public sealed record FeatureBar(string Label, string Title, double Reference, double Window, bool IsBeside);

/// <summary>A feature's counts as bars of equal width: by value, or by the monitor's own bins.</summary>
internal static class FeatureBars
{
    private const int ByValueCount = 18;
    private const int CategoriesMax = 12;

    public static IReadOnlyList<FeatureBar> Of(FeatureCounts feature, bool byBins) =>
        [.. feature.Edges is { } edges ? byBins || edges[0] >= edges[^1] ? OwnBins(feature, edges) : ByValue(feature, edges) : Categories(feature), .. Beside(feature)];

    private static IEnumerable<FeatureBar> OwnBins(FeatureCounts feature, IReadOnlyList<double> edges)
    {
        for (var i = 0; i < edges.Count - 1; i++)
        {
            yield return Bar(feature, Shown.Metric(Short(edges[i])), $"{Shown.Metric(edges[i])} – {Shown.Metric(edges[i + 1])}", feature.Reference[i], feature.Window[i]);
        }
    }

    /// <summary>Bins of one width; what a bin of the monitor holds is spread evenly over it.</summary>
    private static IEnumerable<FeatureBar> ByValue(FeatureCounts feature, IReadOnlyList<double> edges)
    {
        var (least, width) = (edges[0], edges[^1] / ByValueCount - edges[0] / ByValueCount);
        var (reference, window) = (new double[ByValueCount], new double[ByValueCount]);
        for (var i = 0; i < edges.Count - 1; i++)
        {
            Spread(reference, feature.Reference[i], (edges[i] - least) / width, (edges[i + 1] - least) / width);
            Spread(window, feature.Window[i], (edges[i] - least) / width, (edges[i + 1] - least) / width);
        }

        for (var i = 0; i < ByValueCount; i++)
        {
            var (from, to) = (least + i * width, least + (i + 1) * width);
            yield return Bar(feature, Shown.Metric(Short(from)), $"{Shown.Metric(Short(from))} – {Shown.Metric(Short(to))}", reference[i], window[i]);
        }
    }

    private static void Spread(double[] into, long count, double from, double to)
    {
        if (count == 0)
        {
            return;
        }

        // A bin that is thinner than rounding counts whole where it is.
        var size = to - from;
        for (var i = Math.Clamp((int)from, 0, ByValueCount - 1); i < ByValueCount && (i < to || i == (int)from); i++)
        {
            into[i] += size > 1e-9 ? count * Math.Max(0, Math.Min(to, i + 1) - Math.Max(from, i)) / size : i == Math.Clamp((int)from, 0, ByValueCount - 1) ? count : 0;
        }
    }

    private static IEnumerable<FeatureBar> Categories(FeatureCounts feature)
    {
        var names = feature.Categories ?? [];
        var shown = names.Count <= CategoriesMax + 1 ? names.Count : CategoriesMax;
        var chosen = Enumerable.Range(0, names.Count).OrderByDescending(i => Math.Max(Share(feature.Reference, feature.Reference[i]), Share(feature.Window, feature.Window[i]))).Take(shown).Order().ToList();
        foreach (var i in chosen)
        {
            yield return Bar(feature, names[i], names[i], feature.Reference[i], feature.Window[i]);
        }

        if (shown < names.Count)
        {
            var rest = Enumerable.Range(0, names.Count).Except(chosen).ToList();
            yield return Bar(feature, $"{rest.Count} more", $"{rest.Count} more named categories", rest.Sum(i => feature.Reference[i]), rest.Sum(i => feature.Window[i]));
        }
    }

    /// <summary>Only what there is any of.</summary>
    private static IEnumerable<FeatureBar> Beside(FeatureCounts feature)
    {
        var bins = FeatureNumbers.Bins(feature);
        return FeatureNumbers.Extras(feature)
            .Select((name, i) => Bar(feature, name, name, feature.Reference[bins + i], feature.Window[bins + i]) with { IsBeside = true })
            .Where(bar => bar.Reference > 0 || bar.Window > 0);
    }

    private static FeatureBar Bar(FeatureCounts feature, string label, string title, double reference, double window) =>
        new(label, title, Share(feature.Reference, reference), Share(feature.Window, window), false);

    private static double Share(IReadOnlyList<long> counts, double part) => counts.Sum() is > 0 and var all ? part / all : 0;

    private static double Short(double value) => double.IsFinite(value) && value != 0 ? double.Parse(value.ToString("G3", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture) : value;
}
