using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>Drives the aggregator: counts all the time, flushes once a second, and at a graceful stop until all is counted.</summary>
internal sealed partial class PredictionFlushService(PredictionAggregator aggregator, TimeProvider time, ILogger<PredictionFlushService> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var counting = aggregator.CountUntilComplete();
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                aggregator.StartFlush(stoppingToken);
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

    [LoggerMessage(LogLevel.Error, "The last counts could not be sent within 5 s; predictions of the last moments are missing in their windows")]
    private static partial void LastFlushFailed(ILogger logger);
}
