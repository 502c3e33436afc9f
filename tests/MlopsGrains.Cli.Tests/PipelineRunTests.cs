using System.Net;
using System.Xml.Linq;
using MlopsGrains.Client.Tests;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests;

public sealed class PipelineRunTests : IDisposable
{
    private readonly TempDirectory directory = new();

    [Theory]
    [InlineData("succeeded", "gate/metric", 0)]
    [InlineData("rejected", "gate/metric", 1)]
    [InlineData("failed", "model/train", 3)]
    [InlineData("rejected", "approval/person", 4)]
    [InlineData("cancelled", "gate/metric", 130)]
    public async Task Wait_EndsWithTheRunsCode(string status, string uses, int code)
    {
        var gateway = new StubGateway().Then(HttpStatusCode.Created, Run("running", uses)).Then(HttpStatusCode.OK, Run("running", uses)).Then(HttpStatusCode.OK, Run(status, uses));

        var said = await Shell.RunAsync(gateway, "pipelines", "run", "churn", "--param", "rows=5=x", "--wait", "--json");

        Assert.Equal(code, said.Code);
        Assert.Equal(status, said.Json.GetProperty("status").GetString());
        Assert.Contains("check: ", said.Error, StringComparison.Ordinal); // Progress is no answer.
        Assert.Contains("\"params\":{\"rows\":\"5=x\"}", gateway.Requests[0].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_TimedOut_IsCode5_TheRunGoesOn()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, Run("running", "gate/metric"));

        var said = await Shell.RunAsync(gateway, "pipelines", "run", "churn", "--wait", "--timeout", "30s");

        Assert.Equal(5, said.Code);
        Assert.Contains("has not ended within 30 s; it goes on", said.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(gateway.Requests, r => r.Path.EndsWith("/cancel", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WithoutWait_AnswersAtOnce()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.Created, Run("running", "gate/metric"));

        var said = await Shell.RunAsync(gateway, "pipelines", "run", "churn", "--json");

        Assert.Equal((0, "p1"), (said.Code, said.Json.GetProperty("pipelineRunId").GetString()));
        Assert.Single(gateway.Requests);
    }

    [Fact]
    public async Task Reports_SayWhatEachStepCameTo()
    {
        var (junit, summary) = (Path.Combine(directory.Path, "out.xml"), Path.Combine(directory.Path, "summary.md"));
        var gateway = new StubGateway().Then(HttpStatusCode.OK, Run("rejected", "gate/metric"));

        await Shell.RunAsync(gateway, "pipelines", "run", "churn", "--wait", "--junit", junit, "--summary", summary);

        var suite = XDocument.Load(junit).Root!.Element("testsuite")!;
        Assert.Equal(("churn", "3", "1", "0", "1"), (Of("name"), Of("tests"), Of("failures"), Of("errors"), Of("skipped")));
        var gate = suite.Elements("testcase").Single(c => c.Attribute("name")!.Value == "check");
        Assert.Equal("auc 0.80 \uFFFD is below | 0.90", gate.Element("failure")!.Attribute("message")!.Value);
        Assert.Equal("2", gate.Attribute("time")!.Value);
        Assert.Contains(suite.Descendants("property"), p => p.Attribute("name")!.Value == "train.auc" && p.Attribute("value")!.Value == "0.80");
        var markdown = await File.ReadAllTextAsync(summary, TestContext.Current.CancellationToken);
        Assert.Contains("## Pipeline churn: rejected", markdown, StringComparison.Ordinal);
        Assert.Contains("is below \\| 0.90 |", markdown, StringComparison.Ordinal);

        string Of(string name) => suite.Attribute(name)!.Value;
    }

    [Fact]
    public async Task Report_StepThatFailed_IsAnError()
    {
        var junit = Path.Combine(directory.Path, "failed.xml");

        await Shell.RunAsync(new StubGateway().Then(HttpStatusCode.OK, Run("failed", "model/train")), "pipelines", "run", "churn", "--wait", "--junit", junit);

        var suite = XDocument.Load(junit).Root!.Element("testsuite")!;
        Assert.Equal(("0", "1"), (suite.Attribute("failures")!.Value, suite.Attribute("errors")!.Value));
    }

    [Theory]
    [InlineData("null", "null", 6)]
    [InlineData("""{"outcome":"notEnoughData"}""", "null", 6)]
    [InlineData("""{"outcome":"noDrift"}""", "null", 0)]
    [InlineData("""{"outcome":"drift"}""", "null", 1)]
    [InlineData("""{"outcome":"noDrift"}""", """{"alertId":"a","message":"m"}""", 1)]
    public async Task MonitorCheck_IsAGate(string verdict, string alert, int code)
    {
        var status = $$"""{"deployment":"d","rules":{"referenceDigest":"x"},"generation":1,"referenceRows":1,"openWindowRows":0,"totalRows":0,"lastVerdict":{{verdict}},"openAlert":{{alert}}}""";

        Assert.Equal(code, (await Shell.RunAsync(new StubGateway().Then(HttpStatusCode.OK, status), "monitors", "status", "d", "--check")).Code);
        Assert.Equal(0, (await Shell.RunAsync(new StubGateway().Then(HttpStatusCode.OK, status), "monitors", "status", "d")).Code);
    }

    public void Dispose() => directory.Dispose();

    private static string Run(string status, string uses)
    {
        var check = status switch { "running" => "running", "succeeded" => "succeeded", "cancelled" => "cancelled", "rejected" => "rejected", _ => "failed" };
        var error = check is "failed" or "rejected" ? "\"auc 0.80 \\u0001 is below | 0.90\"" : "null";
        return $$"""
            {"pipelineRunId":"p1","pipeline":"churn","definitionVersion":2,"definitionDigest":"d","status":"{{status}}","cause":"manual","params":{"rows":"5"},
             "startedAt":"2026-01-01T00:00:00Z","endedAt":"2026-01-01T00:00:09Z","reason":null,"steps":[
              {"name":"train","uses":"model/train","needs":[],"status":"succeeded","attempt":1,"startedAt":"2026-01-01T00:00:00Z","endedAt":"2026-01-01T00:00:01Z","outputs":{"auc":"0.80"},"error":null},
              {"name":"check","uses":"{{uses}}","needs":["train"],"status":"{{check}}","attempt":1,"startedAt":"2026-01-01T00:00:01Z","endedAt":"2026-01-01T00:00:03Z","outputs":{},"error":{{error}}},
              {"name":"deploy","uses":"model/deploy","needs":["check"],"status":"{{(status == "running" ? "waiting" : "skipped")}}","attempt":0,"startedAt":null,"endedAt":null,"outputs":{},"error":null}]}
            """;
    }
}
