using MlopsGrains.Webhooks;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Webhooks;

/// <summary>The side of the webhooks that rooms and workers speak to. The key is <see cref="IWebhooksGrain.Main"/>.</summary>
[GrainInterfaceType("webhook-outbox")]
internal interface IWebhookOutboxGrain : IGrainWithStringKey
{
    /// <summary>Queues events for the webhooks that subscribe to them. An event that was queued already is passed over. Answers how many deliveries are durable now because of it.</summary>
    [Alias("Publish")]
    Task<int> Publish(IReadOnlyList<WebhookEvent> events, CancellationToken cancellationToken = default);

    /// <summary>Whether there is anybody to publish to.</summary>
    [Alias("HasWebhooks"), ReadOnly]
    Task<bool> HasWebhooks(CancellationToken cancellationToken = default);

    /// <summary>Leases deliveries that are due, waiting up to <paramref name="wait"/> for one. A lease that is not reported on ends by itself, and the delivery is due again.</summary>
    [Alias("Take"), AlwaysInterleave]
    Task<IReadOnlyList<LeasedDelivery>> Take(int max, TimeSpan wait, CancellationToken cancellationToken = default);

    /// <summary>What came of an attempt.</summary>
    [Alias("Report")]
    Task Report(long number, DeliveryOutcome outcome, CancellationToken cancellationToken = default);
}

/// <summary>Something that happened.</summary>
/// <param name="Id">Its own for ever: the same event published again is the same.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Time">When it happened.</param>
/// <param name="Data">A JSON object that says more.</param>
[GenerateSerializer, Immutable, Alias("mlops.WebhookEvent")]
internal sealed record WebhookEvent([property: Id(0)] string Id, [property: Id(1)] WebhookEventKind Kind, [property: Id(2)] DateTimeOffset Time, [property: Id(3)] string Data);

/// <summary>A delivery for one attempt.</summary>
[GenerateSerializer, Immutable, Alias("mlops.LeasedDelivery")]
internal sealed record LeasedDelivery(
    [property: Id(0)] long Number,
    [property: Id(1)] string DeliveryId,
    [property: Id(2)] string Url,
    [property: Id(3)] string? Secret,
    [property: Id(4)] string Body);

/// <summary>What came of an attempt.</summary>
/// <param name="Success">It was answered with 2xx.</param>
/// <param name="MayRetry">Another attempt may go better.</param>
/// <param name="Status">The answer's status.</param>
/// <param name="ResponseBody">The beginning of the answer's body.</param>
/// <param name="Error">What went wrong.</param>
/// <param name="RetryAfter">What the receiver asks to wait.</param>
[GenerateSerializer, Immutable, Alias("mlops.DeliveryOutcome")]
internal sealed record DeliveryOutcome(
    [property: Id(0)] bool Success,
    [property: Id(1)] bool MayRetry,
    [property: Id(2)] int? Status = null,
    [property: Id(3)] string? ResponseBody = null,
    [property: Id(4)] string? Error = null,
    [property: Id(5)] TimeSpan? RetryAfter = null);
