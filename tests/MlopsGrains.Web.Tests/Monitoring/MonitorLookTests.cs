using MlopsGrains.Client;
using MlopsGrains.Monitoring;
using MlopsGrains.Web.Monitoring;

namespace MlopsGrains.Web.Tests.Monitoring;

public sealed class MonitorLookTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 28, 14, 5, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(DriftOutcome.Drift, 2, "2 of 3 features drifted in window 1,204.")]
    [InlineData(DriftOutcome.NoDrift, 0, "None of 3 features has drifted in window 1,204.")]
    [InlineData(DriftOutcome.NotEnoughData, 0, "Window 1,204 has too few rows to tell: 49.")]
    public void Verdict_IsASentence(DriftOutcome outcome, int drifted, string sentence) =>
        Assert.Equal(sentence, MonitorLook.Sentence(new WindowVerdict(1204, At, At, 49, outcome, [.. Enumerable.Range(0, 3).Select(i => new FeatureDrift($"f{i}", i < drifted ? DriftOutcome.Drift : DriftOutcome.NoDrift, 0.1, null, null, null))])));

    [Fact]
    public void Features_ComeByDistance_TheOnesWithoutLast()
    {
        FeatureDrift[] features = [new("near", DriftOutcome.NoDrift, 0.2, null, null, null), new("none", DriftOutcome.NotEnoughData, null, null, null, null), new("missing", DriftOutcome.Drift, 0.01, null, null, null), new("far", DriftOutcome.Drift, 0.4, null, null, null)];

        Assert.Equal(["far", "missing", "near", "none"], MonitorLook.ByDistance(features).Select(f => f.Feature));
    }

    [Fact]
    public void Span_NamesDays_OnlyWhenThereAreTwo()
    {
        Assert.Equal("14:05 – 15:05 UTC", MonitorLook.Span(new WindowVerdict(1, At, At.AddHours(1), 1, DriftOutcome.NoDrift, [])));
        Assert.Equal("11-28 14:05 – 11-29 02:05 UTC", MonitorLook.Span(new WindowVerdict(1, At, At.AddHours(12), 1, DriftOutcome.NoDrift, [])));
    }

    [Theory]
    [InlineData("age,score", "score")]
    [InlineData("age", "")]
    [InlineData("", "")]
    public void WatchedOutputs_AreTheModelsOwn_NotWhatItTakes(string watched, string outputs)
    {
        var model = new InferenceMetadata("churn", null, "mlnet", [new("age", "FP32", [-1, 1])], [new("age", "FP32", [-1, 1]), new("score", "FP32", [-1, 1])]);
        var status = new MonitorStatus("churn", new MonitorRules("d", watched.Length == 0 ? null : watched.Split(',')), 1, 1, 0, 0, null, null);

        Assert.Equal(outputs, string.Join(',', MonitorView.Of(status, model).Outputs));
        Assert.Empty(MonitorView.Of(status, null).Outputs);
    }

    [Fact]
    public void Rules_AreReadFromTheAddress_AndWhatIsNoNumberIsSaid()
    {
        var present = new MonitorRules("d", ["a", "b"], WindowRows: 500, Pipeline: "retrain");
        var asked = new Dictionary<string, string> { ["windowSeconds"] = "60", ["effectFloor"] = "0.2", ["alpha"] = "x", ["features"] = "a\r\n\r\n c " };

        var read = RulesQuery.Read(present, asked.GetValueOrDefault);

        Assert.Equal((null, 60, 0.2, 0.01, null), (read.Rules.WindowRows, read.Rules.WindowSeconds, read.Rules.EffectFloor, read.Rules.Alpha, read.Rules.Pipeline));
        Assert.Equal(["a", "c"], read.Rules.Features!);
        Assert.Equal("alpha must be a number, not 'x'.", Assert.Single(read.Faults).Value);
        Assert.Equal(present, RulesQuery.Read(present, _ => null).Rules);
    }
}
