using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Catalogs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Workers;

/// <summary>Touches every unfinished run from time to time, so that a run whose silo is gone wakes up on another one.</summary>
internal sealed partial class PipelineSweep(IGrainFactory grains, IOptions<PipelineOptions> options, TimeProvider time, ILogger<PipelineSweep> logger) : BackgroundService
{
    private const int PageSize = 500;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.SweepPeriod, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAll(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                SweepFailed(logger, e);
            }
        }
    }

    private async Task SweepAll(CancellationToken cancellationToken)
    {
        var catalog = grains.GetGrain<ICatalogGrain>(CatalogKinds.UnfinishedPipelineRuns);
        string? after = null;
        do
        {
            var page = await catalog.List(after, PageSize, cancellationToken);
            foreach (var id in page.Items)
            {
                try
                {
                    await grains.GetGrain<IPipelineRunGrain>(id).Sweep(cancellationToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    RunSweepFailed(logger, id, e);
                }
            }

            after = page.NextPageToken is null ? null : page.Items[^1];
        }
        while (after is not null);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sweep of unfinished pipeline runs failed; it is repeated.")]
    private static partial void SweepFailed(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pipeline run {Run} could not be swept; it is tried again.")]
    private static partial void RunSweepFailed(ILogger logger, string run, Exception exception);
}
