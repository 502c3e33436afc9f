using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Blobs;
using MlopsGrains.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Experiments;
using MlopsGrains.Models;
using MlopsGrains.Monitoring;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Tests.Pipelines;

/// <summary>The repository's own pipeline, from a dataset to a monitored deployment, with every real part.</summary>
public sealed class BreastCancerPipelineTests(SiloFixture silo, ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pipeline_TrainsRegistersDeploysAndMonitors()
    {
        await Upload("breast-cancer");
        await silo.Grains.GetGrain<IPipelineCompilerGrain>(0).Register(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "demo", "breast-cancer.yaml"), Token), Token);
        var watch = Stopwatch.StartNew();
        var started = await silo.Grains.GetGrain<IPipelineGrain>("breast-cancer").Start(new StartPipeline(), Token);
        var run = await silo.Grains.Ended(started.PipelineRunId, Token);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:0.0} s"));
        foreach (var line in await silo.Grains.GetGrain<IPipelineRunGrain>(run.PipelineRunId).Logs(0, 1000, Token))
        {
            output.WriteLine($"{line.Step}: {line.Text}");
        }

        Assert.True(run.Status == PipelineRunStatus.Succeeded, run.Reason);
        await CheckRuns(run);
        var version = await silo.Grains.GetGrain<IRegisteredModelGrain>("breast-cancer").Resolve("challenger", Token);
        Assert.Equal((run.PipelineRunId, "breast-cancer", 1, 42L), (version.Lineage.PipelineRunId, version.Lineage.Dataset, version.Lineage.DatasetVersion, version.Lineage.Seed));
        Assert.NotNull(version.Lineage.TrainingDataDigest);
        Assert.InRange(version.Metrics["auc"], 0.97, 1);
        var deployment = await silo.Grains.GetGrain<IDeploymentGrain>("breast-cancer").Get(Token);
        Assert.Equal(version.Version, deployment!.Revisions.Single().ModelVersion);
        var monitor = await silo.Grains.GetGrain<IMonitorGrain>("breast-cancer").Get(Token);
        Assert.Equal(("breast-cancer", 1000, 427L), (monitor!.Rules.Pipeline, monitor.Rules.WindowRows, monitor.ReferenceRows));

        await Retrain();
    }

    private async Task CheckRuns(PipelineRun run)
    {
        foreach (var step in run.Steps.Where(s => s.Uses == "model/train"))
        {
            var tracked = await silo.Grains.GetGrain<IRunGrain>(step.Outputs["run_id"]).Get(Token);
            Assert.Equal(RunStatus.Finished, tracked!.Info.Status);
            Assert.Contains(tracked.Params, p => p.Key == "trainer");
            Assert.Superset(new HashSet<string> { "code.version", "environment", "seed", "dataset.digest", "data.train.digest", "data.test.digest" }, tracked.Tags.Select(t => t.Key).ToHashSet());
            Assert.Contains(tracked.Metrics, m => m.Key == "test_auc");
            Assert.Single(tracked.Inputs);
            var history = await silo.Grains.GetGrain<IRunGrain>(step.Outputs["run_id"]).GetMetricHistory("validation_auc", null, 1000, Token);
            Assert.InRange(history.Points.Count, 8, 100);
            var root = ArtifactPath.Parse("uri", tracked.Info.ArtifactUri["mlflow-artifacts:/".Length..].TrimStart('/')).Root;
            var names = await silo.Grains.GetGrain<IArtifactDirectoryGrain>(root).List("", Token);
            Assert.Equal(["confusion_matrix.json", "evaluation", "model", "report.json", "report.md"], names.Select(n => n.Name));
        }
    }

    /// <summary>An alert starts it once more, however often it is told; the next version comes out.</summary>
    private async Task Retrain()
    {
        var listener = silo.Services.GetServices<Grains.Monitoring.IAlertListener>().OfType<Grains.Pipelines.RetrainOnAlert>().Single();
        var alert = new Alert("alert-1", "breast-cancer", DateTimeOffset.UnixEpoch, null, 1, ["mean_radius"], "drift", null);
        var rules = new MonitorRules(new string('0', 64), Pipeline: "breast-cancer");

        var ids = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => listener.OnAlert(alert, rules, Token)));

        var run = await silo.Grains.Ended(Assert.Single(ids.Distinct())!, Token);
        Assert.Equal((PipelineRunStatus.Succeeded, "alert/alert-1"), (run.Status, run.Cause));
        Assert.Equal(2, (await silo.Grains.GetGrain<IRegisteredModelGrain>("breast-cancer").Resolve("challenger", Token)).Version);
        Assert.Null(await listener.OnAlert(alert, rules with { Pipeline = null }, Token));
        Assert.Null(await listener.OnAlert(alert, rules with { Pipeline = "no-such" }, Token));
    }

    private async Task Upload(string name)
    {
        await using var csv = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "testdata", "breast_cancer.csv"));
        var blob = await silo.Services.GetRequiredService<IBlobs>().WriteAsync(csv, 1 << 20, Token);
        await silo.Grains.GetGrain<IDatasetGrain>(name).AddVersion(new NewDatasetVersion(blob.Digest, blob.Length, "test"), Token);
    }
}
