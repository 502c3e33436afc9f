using MlopsGrains.Experiments;
using MlopsGrains.Web.Experiments;

namespace MlopsGrains.Web.Tests.Experiments;

public sealed class MetricFilterTests
{
    private static readonly string[] Keys = ["val_auc", "val_loss", "train_loss"];

    [Theory]
    [InlineData(null, "val_auc val_loss train_loss")]
    [InlineData("LOSS", "val_loss train_loss")]
    [InlineData("/^val/", "val_auc val_loss")]
    [InlineData("/(/", "val_auc val_loss train_loss")]
    [InlineData("/(a+)+$/", "")]
    public void Metrics_AreFound_ByPartOrPattern(string? asked, string found) => Assert.Equal(found, string.Join(' ', MetricFilter.Of(Keys, k => k, asked)));

    [Fact]
    public void Best_IsWhereTheMetricsOwnDirectionPoints()
    {
        var best = BestPoint.Of([Curve("loss", [3, 1, 1]), Curve("auc", [1, 3, 2]), Curve("empty", [])]);
        Assert.Equal((1, 20), (best["loss"].Value, best["loss"].Step));
        Assert.Equal((3, 20), (best["auc"].Value, best["auc"].Step));
        Assert.False(best.ContainsKey("empty"));
    }

    [Theory]
    [InlineData("system/cpu", "This machine", "cpu")]
    [InlineData("system/gpu-01/memory", "gpu-01", "memory")]
    public void SystemMetric_KnowsItsMachine(string key, string host, string name) => Assert.Equal((host, name), (RunView.HostOf(key), RunView.SystemName(key)));

    private static MetricCurve Curve(string key, double[] values) => new("run", key, 1, values.Length, [.. values.Select((_, i) => (i + 1) * 10L)], values, []);
}
