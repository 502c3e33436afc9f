using MlopsGrains.Pipelines;
using MlopsGrains.Web.Pipelines;

namespace MlopsGrains.Web.Tests.Pipelines;

public sealed class PipelineLookTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 28, 14, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("${params.version} of ${run.id}", "latest of 0123")]
    [InlineData("${steps.split.outputs.train}", "abc")]
    [InlineData("${steps.split.outputs.nothing}", "${steps.split.outputs.nothing}")]
    [InlineData("${matrix.trainer} $ {x} ${}", "${matrix.trainer} $ {x} ${}")]
    public void References_AreShownWithWhatTheyAreByNow(string text, string shown) => Assert.Equal(shown, PipelineLook.Resolve(text, Run(Step("split", [("train", "abc")]))));

    [Fact]
    public void RanFor_IsTheSumOfTheAttempts_AndGoesOnWhileOneIsHeld()
    {
        var step = Step("a", []) with { Status = StepStatus.Running, EndedAt = null, Attempts = [Attempt(1, 0, 30, AttemptOutcome.Lost), Attempt(2, 90, null, null)] };

        Assert.Equal(TimeSpan.FromSeconds(40), PipelineLook.RanFor(step, Start.AddSeconds(100)));
        Assert.Null(PipelineLook.RanFor(step with { Attempts = [] }, Start));
    }

    [Fact]
    public void AnAttempt_WhoseEndWasNotRecorded_EndedAtTheLatestWithTheNext()
    {
        var step = Step("a", []) with { EndedAt = Start.AddSeconds(95), Attempts = [Attempt(1, 0, null, AttemptOutcome.Failed), Attempt(2, 90, null, AttemptOutcome.Succeeded)] };

        Assert.Equal([90, 95], step.Attempts!.Select(a => (PipelineLook.EndOf(step, a, Start.AddSeconds(500)) - Start).TotalSeconds));
    }

    [Fact]
    public void Shares_LeaveOutWhatWasCancelled()
    {
        PipelineRun[] runs = [Run() with { Status = PipelineRunStatus.Succeeded, EndedAt = Start.AddSeconds(10) }, Run() with { Status = PipelineRunStatus.Failed, EndedAt = Start.AddSeconds(30) }, Run() with { Status = PipelineRunStatus.Cancelled, EndedAt = Start.AddSeconds(20) }, Run()];

        Assert.Equal(0.5, PipelineLook.SuccessShare(runs));
        Assert.Equal(TimeSpan.FromSeconds(20), PipelineLook.Median(runs));
        Assert.Null(PipelineLook.SuccessShare([Run()]));
    }

    private static PipelineRun Run(params PipelineStep[] steps) =>
        new("0123", "p", 1, "d", PipelineRunStatus.Running, "manual", new Dictionary<string, string> { ["version"] = "latest" }, steps, Start, null, null);

    private static PipelineStep Step(string name, (string Key, string Value)[] outputs) =>
        new(name, "dataset/load", [], StepStatus.Succeeded, 1, Start, Start, outputs.ToDictionary(o => o.Key, o => o.Value), null);

    private static StepAttempt Attempt(int number, double from, double? to, AttemptOutcome? outcome) =>
        new(number, "w", Start.AddSeconds(from), to is { } end ? Start.AddSeconds(end) : null, outcome, null, null);
}
