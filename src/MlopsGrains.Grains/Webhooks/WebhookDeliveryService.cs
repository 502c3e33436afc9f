using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Webhooks;

/// <summary>Takes deliveries that are due and sends them, a fixed number at a time. What it holds when the process dies is due again a little later.</summary>
internal sealed partial class WebhookDeliveryService(
    IGrainFactory grains, WebhookSender sender, IOptions<WebhookOptions> options, WebhookMetrics metrics, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<WebhookDeliveryService> logger)
    : BackgroundService
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await lifetime.WaitAsync(stoppingToken);
        await Task.WhenAll(Enumerable.Range(0, options.Value.Parallel).Select(_ => Work(stoppingToken)));
    }

    private async Task Work(CancellationToken stopping)
    {
        var outbox = grains.GetGrain<IWebhookOutboxGrain>(IWebhooksGrain.Main);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                foreach (var delivery in await outbox.Take(1, Wait, stopping))
                {
                    var outcome = await sender.Send(delivery, stopping);
                    metrics.Tried(outcome.Success);
                    if (!outcome.Success)
                    {
                        AttemptFailed(logger, delivery.DeliveryId, outcome.Status, outcome.Error);
                    }

                    await outbox.Report(delivery.Number, outcome, CancellationToken.None);
                }
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                // The delivery's lease ends by itself; a pause keeps an outage from becoming a storm.
                WorkFailed(logger, e);
                await Task.Delay(Pause, time, CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Webhook delivery {Delivery} was not taken: status {Status}, {Error}")]
    private static partial void AttemptFailed(ILogger logger, string delivery, int? status, string? error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook deliveries could not be taken or reported; it is tried again.")]
    private static partial void WorkFailed(ILogger logger, Exception exception);
}
