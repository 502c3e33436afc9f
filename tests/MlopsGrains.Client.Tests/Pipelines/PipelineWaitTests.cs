using System.Net;

namespace MlopsGrains.Client.Tests.Pipelines;

public sealed class PipelineWaitTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Wait_EndsWithTheRun()
    {
        var time = new ImpatientTime();
        var gateway = new StubGateway().Then(HttpStatusCode.OK, Run("running")).Then(HttpStatusCode.OK, Run("running")).Then(HttpStatusCode.OK, Run("rejected"));

        var run = await gateway.Connect(time).Pipelines.WaitAsync("p1", TimeSpan.FromMinutes(1), cancellationToken: Cancel);

        Assert.Equal(MlopsGrains.Pipelines.PipelineRunStatus.Rejected, run.Status);
        Assert.Equal([1.0, 1.0], time.Waits.Select(w => w.TotalSeconds));
    }

    [Fact]
    public async Task Wait_PastItsDeadline_GivesUp_AndLooksOnceAtTheVeryEnd()
    {
        var time = new ImpatientTime();
        var gateway = new StubGateway().Then(HttpStatusCode.OK, Run("running"));

        var e = await Assert.ThrowsAsync<TimeoutException>(() => gateway.Connect(time).Pipelines.WaitAsync("p1", TimeSpan.FromSeconds(2.5), cancellationToken: Cancel));

        Assert.Contains("has not ended within 2.5 s", e.Message, StringComparison.Ordinal);
        Assert.Equal([1.0, 1.0, 0.5], time.Waits.Select(w => w.TotalSeconds));
    }

    [Fact]
    public async Task Logs_Followed_HoldLinesThatCameWithTheEnd()
    {
        var gateway = new StubGateway()
            .Then(HttpStatusCode.OK, Lines(1, 2)).Then(HttpStatusCode.OK, "[]").Then(HttpStatusCode.OK, Run("running"))
            .Then(HttpStatusCode.OK, "[]").Then(HttpStatusCode.OK, Run("succeeded"))
            .Then(HttpStatusCode.OK, Lines(3)).Then(HttpStatusCode.OK, "[]");

        var lines = await gateway.Connect().Pipelines.LogsAsync("p1", cancellationToken: Cancel).ToListAsync(Cancel);

        Assert.Equal([1, 2, 3], lines.Select(l => l.Line));
        Assert.Equal("/api/v1/pipeline-runs/p1/logs?after=3&limit=1000", gateway.Requests[^1].Path);
    }

    [Fact]
    public async Task Logs_NotFollowed_AreThoseSoFar()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, Lines(5)).Then(HttpStatusCode.OK, "[]");

        Assert.Single(await gateway.Connect().Pipelines.LogsAsync("p1", follow: false, after: 4, cancellationToken: Cancel).ToListAsync(Cancel));
        Assert.Equal(2, gateway.Requests.Count);
    }

    [Fact]
    public async Task Validate_GivesEveryFaultWithItsPlace()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, """{"valid":false,"pipeline":null,"faults":[{"field":"steps.a.with.trees","message":"steps.a.with.trees is 0; expected 1–2000 (line 2, column 7).","line":2,"column":7}]}""");

        var check = await gateway.Connect().Pipelines.ValidateAsync("name: x", Cancel);

        Assert.Equal(("steps.a.with.trees", 2, 7), (check.Faults.Single().Field, check.Faults.Single().Line, check.Faults.Single().Column));
        Assert.Equal("/api/v1/pipelines/validation", gateway.Requests.Single().Path);
    }

    [Fact]
    public async Task StepKinds_KeepTheirTypesAndBounds()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, """[{"uses":"model/train","inputs":[{"name":"trees","type":"wholeNumber","summary":"Trees.","required":false,"requiredWhen":{"input":"task","value":"binary"},"default":"100","choices":null,"min":1,"max":2000,"minExcluded":false,"maxExcluded":false,"items":null}],"outputs":["run_id"],"summary":"Trains."}]""");

        var trees = (await gateway.Connect().Pipelines.ListStepKindsAsync(Cancel)).Single().Inputs!.Single();

        Assert.Equal((MlopsGrains.Pipelines.StepInputType.WholeNumber, 1.0, 2000.0, "100", "task"), (trees.Type, trees.Min, trees.Max, trees.Default, trees.RequiredWhen!.Input));
    }

    private static string Run(string status) =>
        $$"""{"pipelineRunId":"p1","pipeline":"p","definitionVersion":1,"definitionDigest":"d","status":"{{status}}","cause":"manual","params":{},"steps":[],"startedAt":"2026-01-01T00:00:00Z","endedAt":null,"reason":null}""";

    private static string Lines(params int[] numbers) =>
        $"[{string.Join(',', numbers.Select(n => $$"""{"line":{{n}},"time":"2026-01-01T00:00:00Z","step":"s","attempt":1,"text":"t"}"""))}]";
}
