using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>Drives the aggregator: counts all the time, flushes once a second, and at a graceful stop until all is counted.</summary>
internal sealed partial class PredictionFlushService(
    PredictionAggregator aggregator,
    Func<string, IMonitorGrain> monitors,
    IOptions<PredictionTallyOptions> tallies,
    MonitoringMetrics metrics,
    TimeProvider time,
    ILogger<PredictionFlushService> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookForTheDeadEvery = TimeSpan.FromSeconds(30);

    private long lookedAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (counting, telling) = (aggregator.CountUntilComplete(), Task.CompletedTask);
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                aggregator.StartFlush(stoppingToken);
                telling = telling.IsCompleted ? TellOfTheDead() : telling;
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops; hosted services stop in reverse order, so its grains still answer.
        }

        aggregator.Complete();
        await counting;
        if (!await aggregator.Settle())
        {
            LastFlushFailed(logger);
        }
    }

    /// <summary>Every monitor hears what killed processes did not get to tell it. One that does not answer holds no flush up. Never fails.</summary>
    private async Task TellOfTheDead()
    {
        if (tallies.Value.Folder is not { } folder || (lookedAt != 0 && time.GetElapsedTime(lookedAt) < LookForTheDeadEvery))
        {
            return;
        }

        lookedAt = time.GetTimestamp();
        try
        {
            await PredictionTally.TellOfTheDead(folder, async (deployment, rows) =>
            {
                var missed = await monitors(deployment).Miss(rows, CancellationToken.None);
                if (missed > 0)
                {
                    metrics.Lost(missed, LossReason.Killed);
                    FoundMissing(logger, missed, deployment);
                }
            });
        }
#pragma warning disable CA1031 // Whatever it is, the file stays for the next look.
        catch (Exception e)
#pragma warning restore CA1031
        {
            TellFailed(logger, e);
        }
    }

    [LoggerMessage(LogLevel.Error, "The last counts could not be sent within 5 s; predictions of the last moments are missing in their windows")]
    private static partial void LastFlushFailed(ILogger logger);

    [LoggerMessage(LogLevel.Warning, "A process that was killed had answered {Rows} rows of deployment {Deployment} that its monitor did not count")]
    private static partial void FoundMissing(ILogger logger, long rows, string deployment);

    [LoggerMessage(LogLevel.Warning, "What killed processes left uncounted could not be told; it is tried again")]
    private static partial void TellFailed(ILogger logger, Exception exception);
}
