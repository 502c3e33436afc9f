using MlopsGrains.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Models;
using MlopsGrains.Monitoring;
using MlopsGrains.Pipelines;
using MlopsGrains.Web.Home;

namespace MlopsGrains.Web.Tests.Home;

/// <summary>What the first page lists.</summary>
public sealed class HomeItemsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void NeedsYou_AreOpenAlerts_AndPipelinesWhoseNewestRunFailed()
    {
        var found = HomeItems.NeedsYou(
            [Monitor("live", new Alert("a", "live", Noon.AddHours(-1), null, 7, ["age", "town"], "said", "0123456789abcdef")), Monitor("calm", null)],
            [
                Run("broken", PipelineRunStatus.Failed, -2), Run("broken", PipelineRunStatus.Succeeded, -3),
                Run("mended", PipelineRunStatus.Succeeded, -1), Run("mended", PipelineRunStatus.Failed, -2),
                Run("old", PipelineRunStatus.Failed, -30), Run("open", PipelineRunStatus.Running, -1),
            ],
            [],
            Noon.AddDays(-1));

        Assert.Equal(["live", "broken"], found.Select(i => i.Name));
        Assert.Equal(("2 features drifted on", "age, town · started pipeline run 01234567", "/inbox?m=live&id=a"), (found[0].Text, found[0].About, found[0].Href));
        Assert.Equal("no such dataset", found[1].About);
    }

    [Fact]
    public void Changed_IsNewestFirst_AndLeadsToEachThing()
    {
        var found = HomeItems.Changed(
            [new ModelVersion("a b", 3, "mlnet", null, null, new ModelLineage(), new Dictionary<string, double>(), null, [], Noon.AddHours(-2), "ana", Noon, new Dictionary<string, string>(), ModelStage.None, "s", null, null)],
            [new Dataset("people", 2, [new(1, "d", 1, 5, Noon.AddDays(-3)), new(2, "e", 1, 1234, Noon.AddHours(-1))])],
            [new Deployment("live", [new DeploymentRevision(4, "a b", 3, "d", Noon, "ana")], [new TrafficShare(4, 100)], Noon, Noon)],
            [Run("train", PipelineRunStatus.Succeeded, -5), Run("now", PipelineRunStatus.Running, 0)]);

        Assert.Equal(["/deployments/live", "/datasets/people/2", "/models/a%20b/3", "/pipeline-runs/train", "/datasets/people/1"], found.Select(i => i.Href));
        Assert.Equal(["Deployed a b v3: revision 4 of live", "Added people v2: 1,234 rows", "Registered a b v3: ana", "Pipeline run of train: succeeded"], found.Take(4).Select(i => $"{i.Text} {i.Name}: {i.About}"));
    }

    private static MonitorStatus Monitor(string deployment, Alert? alert) => new(deployment, new MonitorRules("d", ["age"]), 1, 1, 1, 1, null, alert);

    private static PipelineRun Run(string pipeline, PipelineRunStatus status, int hours) => new(
        pipeline, pipeline, 1, "d", status, "person", new Dictionary<string, string>(), [], Noon.AddHours(hours), status == PipelineRunStatus.Running ? null : Noon.AddHours(hours), status == PipelineRunStatus.Failed ? "no such dataset" : null);
}
