using System.Text.Json;
using MlopsGrains.Errors;
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
    [InlineData("{}", "with.thresholds")]
    [InlineData("""{"thresholds":[{"metric":"nope","min":1}]}""", "with.thresholds[0].metric")]
    [InlineData("""{"thresholds":[{"metric":"auc"}]}""", "with.thresholds[0]")]
    [InlineData("""{"thresholds":[{"metric":"auc","mim":1}]}""", "with.thresholds[0].mim")]
    [InlineData("""{"thresholds":{"auc":1}}""", "with.thresholds")]
    [InlineData("""{"change":[{"metric":"auc","absolute":0}]}""", "with.baseline")]
    [InlineData("""{"baseline":{"auc":0.5},"change":[{"metric":"auc"}]}""", "with.change[0]")]
    [InlineData("""{"baseline":{"auc":0.5},"change":[{"metric":"auc","against":"best","absolute":0}]}""", "with.change[0].against")]
    public void Judge_GateThatCannotBeJudged_IsRefusedByName(string with, string field) =>
        Assert.Equal(field, Assert.Throws<MlopsException>(() => MetricGate.Judge(Inputs(with), Metrics)).Field);

    private static StepInputs Inputs(string with) => new(JsonSerializer.Deserialize<JsonElement>(with));
}
