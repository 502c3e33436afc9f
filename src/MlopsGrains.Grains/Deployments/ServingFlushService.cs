using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlopsGrains.Deployments;

namespace MlopsGrains.Grains.Deployments;

/// <summary>Tells each deployment's history what this silo counted, every few seconds and at a graceful stop. A silo that is killed loses its last <see cref="Period"/>.</summary>
internal sealed partial class ServingFlushService(ServingCounter counter, IGrainFactory grains, TimeProvider time, ILogger<ServingFlushService> logger) : BackgroundService
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await FlushAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops; hosted services stop in reverse order, so its grains still answer.
        }

        await FlushAsync();
    }

    private async Task FlushAsync()
    {
        if (!await counter.Flush((deployment, delta) => grains.GetGrain<IDeploymentMetricsGrain>(deployment).Count(delta, CancellationToken.None).WaitAsync(Patience, time)))
        {
            Late(logger);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Some counts of requests could not be told; they are told again")]
    private static partial void Late(ILogger logger);
}
