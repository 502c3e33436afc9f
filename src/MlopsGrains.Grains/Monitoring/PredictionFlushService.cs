using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>Drives the aggregator: counts all the time, flushes once a second, and a last time at a graceful stop.</summary>
internal sealed partial class PredictionFlushService(PredictionAggregator aggregator, TimeProvider time, ILogger<PredictionFlushService> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastFlushMax = TimeSpan.FromSeconds(5);

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
        using var last = new CancellationTokenSource(LastFlushMax, time);
        try
        {
            await aggregator.Flush(last.Token);
        }
        catch (OperationCanceledException)
        {
            LastFlushFailed(logger, LastFlushMax);
        }
    }

    [LoggerMessage(LogLevel.Error, "The last counts could not be sent within {Max}; predictions of the last moments are missing in their windows")]
    private static partial void LastFlushFailed(ILogger logger, TimeSpan max);
}
