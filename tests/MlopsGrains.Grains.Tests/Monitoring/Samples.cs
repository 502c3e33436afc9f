using MlopsGrains.Deployments;
using MlopsGrains.Grains.Monitoring;

namespace MlopsGrains.Grains.Tests.Monitoring;

/// <summary>Evenly spread numbers: the reference holds 0, 1, 2 … and traffic holds the same values, shifted on request.</summary>
internal static class Samples
{
    public static FeatureReference Reference(string feature, int from, int count)
    {
        var column = new ReferenceColumn(new WatchedFeature(feature, FeatureKind.Numeric));
        for (var i = 0; i < count; i++)
        {
            column.Add((from + i).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return FeatureHistogram.Reference(column);
    }

    public static long[] Counts(FeatureReference feature, int rows, double shift)
    {
        var counter = new FeatureCounter(feature.Bins);
        counter.Count(Observation([.. Spread(rows, shift)], feature.Bins.Feature), 0, rows);
        return counter.TakeCounts();
    }

    public static IEnumerable<double> Spread(int rows, double shift) => Enumerable.Range(0, rows).Select(i => i * 1000.0 / rows + shift);

    public static InferenceRequest Request(params (string Name, double[] Values)[] columns) =>
        new([.. columns.Select(c => new Tensor(c.Name, "FP64", [c.Values.Length], c.Values))]);

    public static InferenceResponse Response { get; } = new("1", []);

    private static Observation Observation(double[] values, string feature) => new(Request((feature, values)), Response, values.Length, default);
}
