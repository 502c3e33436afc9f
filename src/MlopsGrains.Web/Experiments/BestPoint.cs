using MlopsGrains.Experiments;

namespace MlopsGrains.Web.Experiments;

/// <summary>Where a metric was at its best.</summary>
internal sealed record BestPoint(double Value, long Step)
{
    /// <summary>Of curves over steps, by metric; the first of equal ones. What was never a finite number has none.</summary>
    public static IReadOnlyDictionary<string, BestPoint> Of(IEnumerable<MetricCurve> curves) =>
        curves.Where(c => c.Y.Length > 0).ToDictionary(c => c.Key, Of, StringComparer.Ordinal);

    private static BestPoint Of(MetricCurve curve)
    {
        var best = Formats.Shown.LessIsBetter(curve.Key) ? curve.Y.Min() : curve.Y.Max();
        return new BestPoint(best, curve.X[Array.IndexOf(curve.Y, best)]);
    }
}
