using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Retention;

/// <summary>Asks for one step of retention after the other, where that is wanted.</summary>
internal sealed partial class RetentionSweep(IGrainFactory grains, IOptions<RetentionOptions> options, TimeProvider time, ILogger<RetentionSweep> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.Automatic)
        {
            return;
        }

        using var timer = new PeriodicTimer(options.Value.SweepPeriod, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                string? token = null;
                do
                {
                    token = (await grains.GetGrain<IRetentionGrain>(IRetentionGrain.Main).Collect(new RetentionRequest(PageToken: token), stoppingToken)).NextPageToken;
                }
                while (token is not null);
            }
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                SweepFailed(logger, e);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The removal of what was deleted long ago failed; it goes on at the next sweep.")]
    private static partial void SweepFailed(ILogger logger, Exception exception);
}
