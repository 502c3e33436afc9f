using System.Globalization;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Steps;

namespace MlopsGrains.Grains.Tests.Pipelines;

public sealed class MetricGateTests
{
    private static readonly Dictionary<string, double> Metrics = new() { ["auc"] = 0.96, ["log_loss"] = 0.2 };

    [Theory]
    [InlineData("""{"thresholds":[{"metric":"auc","min":0.96}]}""", true)]
    [InlineData("""{"thresholds":[{"metric":"auc","min":0.961}]}""", false)]
    [InlineData("""{"thresholds":[{"metric":"log_loss","max":0.2,"min":0}]}""", true)]
    [InlineData("""{"thresholds":[{"metric":"log_loss","max":0.19}]}""", false)]
    [InlineData("""{"baseline":{"auc":0.5},"change":[{"metric":"auc","absolute":0.4}]}""", true)]
    [InlineData("""{"baseline":"{\"auc\":0.5}","change":[{"metric":"auc","relative":0.91}]}""", true)]
    [InlineData("""{"baseline":{"auc":0.5},"change":[{"metric":"auc","relative":0.93}]}""", false)]
    [InlineData("""{"baseline":{"log_loss":0.3},"change":[{"metric":"log_loss","absolute":0.05}]}""", true)]
    [InlineData("""{"baseline":{"log_loss":0.1},"change":[{"metric":"log_loss","absolute":0}]}""", false)]
    [InlineData("""{"champion":"","change":[{"metric":"auc","against":"champion","absolute":0.5}]}""", true)]
    [InlineData("""{"champion":{"auc":0.97},"change":[{"metric":"auc","against":"champion","absolute":0}]}""", false)]
    public void Judge_SaysWhetherEveryCheckHolds(string with, bool passes) =>
        Assert.Equal(passes, MetricGate.Judge(Inputs(with), Metrics).All(c => c.Passed));

    [Theory]
    [InlineData(0.95, 0.85, "accuracy", """{"absolute":0.1}""", true)]
    [InlineData(0.8, 0.7, "accuracy", """{"absolute":0.1}""", true)]
    [InlineData(0.3, 0.1, "accuracy", """{"absolute":0.2}""", true)]
    [InlineData(0.3, 0.1, "accuracy", """{"absolute":0.20000001}""", false)]
    [InlineData(0.1, 0.3, "log_loss", """{"absolute":0.2}""", true)]
    [InlineData(0.33, 0.3, "accuracy", """{"relative":0.1}""", true)]
    [InlineData(66, 60, "accuracy", """{"relative":0.1000001}""", false)]
    [InlineData(3e300, 1e300, "accuracy", """{"absolute":1e300}""", true)]
    [InlineData(1e-300, 2e-300, "rmse", """{"absolute":1e-300}""", true)]
    public void Change_IsComparedAsItIsWritten(double value, double before, string metric, string bound, bool passes)
    {
        var with = string.Create(CultureInfo.InvariantCulture, $$"""{"baseline":{"{{metric}}":{{before}}},"change":[{"metric":"{{metric}}",{{bound[1..]}}]}""");

        Assert.Equal(passes, MetricGate.Judge(Inputs(with), new Dictionary<string, double> { [metric] = value }).Single().Passed);
    }

    [Fact]
    public void Text_ShowsAllDigitsWhereFourWouldTellAnotherStory()
    {
        var checks = MetricGate.Judge(Inputs("""{"thresholds":[{"metric":"auc","min":0.95},{"metric":"auc","min":0.9}]}"""), new Dictionary<string, double> { ["auc"] = 0.94999999 });

        Assert.Equal(["auc 0.94999999 must be at least 0.95", "auc 0.9500 must be at least 0.9"], checks.Select(c => c.Text));
    }

    [Fact]
    public void Judge_MetricThatIsNotMeasured_SaysWhy() => Assert.Contains(
        "auc needs rows of both classes",
        Assert.Throws<MlopsException>(() => MetricGate.Judge(Inputs("""{"thresholds":[{"metric":"auc","min":0.9}]}"""), new Dictionary<string, double> { ["f1"] = 1 })).Message,
        StringComparison.Ordinal);

    private static StepInputs Inputs(string with) => new(JsonSerializer.Deserialize<JsonElement>(with));
}
