using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Blobs;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Workers;

/// <summary>Pulls ready steps and runs them, a fixed number at a time. When the host stops, held steps are given back.</summary>
internal sealed partial class PipelineWorker(
    IGrainFactory grains,
    IBlobs blobs,
    IEnumerable<IStepExecutor> executors,
    StepCatalog kinds,
    Rights rights,
    IOptions<PipelineOptions> options,
    PipelineMetrics metrics,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<PipelineWorker> logger) : BackgroundService
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, IStepExecutor> byUse = executors.ToDictionary(e => e.Kind.Uses, StringComparer.Ordinal);
    private readonly string name = $"{Environment.MachineName}/{Environment.ProcessId}";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await lifetime.WaitAsync(stoppingToken);
        await Task.WhenAll(Enumerable.Range(1, options.Value.ParallelSteps).Select(lane => Work($"{name}/{lane}", stoppingToken)));
    }

    private async Task Work(string worker, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var steps = await grains.GetGrain<IWorkQueueGrain>(IWorkQueueGrain.Default).Take(1, Wait, stopping);
                foreach (var step in steps)
                {
                    await Run(step, worker, stopping);
                }
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                // The step is offered again by its run; a pause keeps an outage from becoming a storm.
                TakeFailed(logger, worker, e);
                await Task.Delay(Pause, time, CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task Run(ReadyStep ready, string worker, CancellationToken stopping)
    {
        var run = grains.GetGrain<IPipelineRunGrain>(ready.PipelineRunId);
        if (await run.Lease(ready.Step, worker, stopping) is not { } lease)
        {
            return;
        }

        Actor.Current = lease.StartedBy is null or Actor.Local or Actor.Platform ? $"pipeline/{lease.Pipeline}" : $"pipeline/{lease.Pipeline} for {lease.StartedBy}";
        Principal.Current = lease.For;
        var executor = byUse.GetValueOrDefault(lease.Uses);
        var with = JsonSerializer.Deserialize<JsonElement>(lease.With);
        var context = new StepContext(ready.PipelineRunId, lease, StepInputs.Complete(executor?.Kind, with), grains, blobs, time);
        metrics.Running(1);
        try
        {
            await new HeldStep(run, lease, context, executor is null || lease.For is null ? executor : new StepForUser(executor, lease.For, rights), kinds.Faults(lease.Uses, with), time, logger).Run(stopping);
        }
        finally
        {
            metrics.Running(-1);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} could not take a step; it tries again.")]
    private static partial void TakeFailed(ILogger logger, string worker, Exception exception);
}
