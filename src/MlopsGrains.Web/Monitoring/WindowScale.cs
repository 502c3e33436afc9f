using MlopsGrains.Monitoring;

namespace MlopsGrains.Web.Monitoring;

/// <summary>The distance that fills a bar: the floor stays in the lower half, and small distances look small.</summary>
internal static class WindowScale
{
    private const double Least = 0.2;

    public static double Of(IReadOnlyList<WindowVerdict> windows, double floor) => Of(windows.Max(w => MonitorLook.Farthest(w)), floor);

    public static double Of(double? farthest, double floor) => Math.Min(1, Math.Max(Math.Max(Least, floor * 2), (farthest ?? 0) * 1.05));
}
