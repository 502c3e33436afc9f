using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlopsGrains.Grains.Webhooks;
using MlopsGrains.Models;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Models;

/// <summary>
/// While there are webhooks, wakes the models that a dead silo left with events that they had not handed over. A model that changed is asked once; after a
/// restart all are.
/// </summary>
internal sealed partial class RegistrySweep(IGrainFactory grains, TimeProvider time, ILogger<RegistrySweep> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (await grains.GetGrain<IWebhookOutboxGrain>(IWebhooksGrain.Main).HasWebhooks(stoppingToken))
                {
                    await grains.GetGrain<IRegistryIndexGrain>(IModelRegistryGrain.Main).Refresh(stoppingToken);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                SweepFailed(logger, e);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sweep of changed models failed; it is repeated.")]
    private static partial void SweepFailed(ILogger logger, Exception exception);
}
