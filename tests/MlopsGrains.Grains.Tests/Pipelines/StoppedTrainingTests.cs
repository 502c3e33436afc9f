using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Blobs;
using MlopsGrains.Data;
using MlopsGrains.Experiments;
using MlopsGrains.Pipelines;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Pipelines;

/// <summary>Trainings of minutes that are stopped, in a silo whose two workers they hold.</summary>
public sealed class StoppedTrainingTests(SiloFixture silo)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cancel_KillsTheTrackedRunsAndFreesTheWorkers()
    {
        await Register("stopped", "");
        var runs = new[] { await Start("stopped"), await Start("stopped") };
        var tracked = await Task.WhenAll(runs.Select(Tracked));

        foreach (var run in runs)
        {
            Assert.Equal(PipelineRunStatus.Cancelled, (await silo.Grains.GetGrain<IPipelineRunGrain>(run).Cancel("enough", Token)).Status);
        }

        await Eventually.Async(async () => (await Task.WhenAll(tracked.Select(Status))).All(s => s == RunStatus.Killed), Soon, Token);
        await Quick();
    }

    [Fact]
    public async Task Timeout_FailsTheTrackedRunAndFreesTheWorker()
    {
        await Register("late", "timeout: 2s");
        var run = await Start("late");
        var tracked = await Tracked(run);

        var ended = await silo.Grains.Ended(run, Token);

        Assert.Contains("longer than its timeout of 2 s", ended.Reason, StringComparison.Ordinal);
        await Eventually.Async(async () => await Status(tracked) == RunStatus.Failed, Soon, Token);
        await Quick();
    }

    /// <summary>A step that can only run when a worker is free; with a training at work it would wait for minutes.</summary>
    private async Task Quick()
    {
        await silo.Grains.GetGrain<IPipelineCompilerGrain>(0).Register("name: quick\nsteps: [{name: g, uses: gate/metrics, with: {metrics: {auc: 1}, thresholds: [{metric: auc, min: 1}]}}]", Token);
        Assert.Equal(PipelineRunStatus.Succeeded, (await silo.Grains.Ended(await Start("quick"), Token)).Status);
    }

    private async Task Register(string name, string options)
    {
        var random = new Random(1);
        var csv = new StringBuilder("a,b,c,d,e,f,g,h,l\n");
        for (var i = 0; i < 6_000; i++)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{string.Join(',', Enumerable.Range(0, 9).Select(_ => random.NextDouble().ToString("R", CultureInfo.InvariantCulture)))}\n");
        }

        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(csv.ToString()));
        var blob = await silo.Services.GetRequiredService<IBlobs>().WriteAsync(stream, 1 << 24, Token);
        await silo.Grains.GetGrain<IDatasetGrain>(name).AddVersion(new NewDatasetVersion(blob.Digest, blob.Length, "test"), Token);
        await silo.Grains.GetGrain<IPipelineCompilerGrain>(0).Register(
            $$"""
            name: {{name}}
            steps:
              - name: train
                uses: model/train
                {{options}}
                with: { experiment: {{name}}, train: {{blob.Digest}}, task: regression, label: l, trainer: fast-tree, trees: 2000, leaves: 500 }
            """,
            Token);
    }

    private async Task<string> Start(string name) => (await silo.Grains.GetGrain<IPipelineGrain>(name).Start(new StartPipeline(), Token)).PipelineRunId;

    /// <summary>The tracked run, as soon as the log names it.</summary>
    private async Task<string> Tracked(string run)
    {
        string? tracked = null;
        await Eventually.Async(
            async () =>
            {
                var lines = await silo.Grains.GetGrain<IPipelineRunGrain>(run).Logs(0, 10, Token);
                tracked = lines.Select(l => l.Text.Split(' ')).FirstOrDefault(w => w[0] == "Run")?[1].TrimEnd(':');
                return tracked is not null;
            },
            cancellationToken: Token);
        return tracked!;
    }

    private async Task<RunStatus> Status(string run) => (await silo.Grains.GetGrain<IRunGrain>(run).Get(Token))!.Info.Status;
}
