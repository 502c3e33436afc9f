using System.Text.Json.Serialization;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Webhooks;

[JsonDerivedType(typeof(WebhookStored), "webhook")]
[JsonDerivedType(typeof(WebhookRemoved), "removed")]
[JsonDerivedType(typeof(EventQueued), "event")]
[JsonDerivedType(typeof(DeliverySucceeded), "delivered")]
[JsonDerivedType(typeof(DeliveryFailed), "failed")]
[JsonDerivedType(typeof(DeliveryDropped), "dropped")]
[JsonDerivedType(typeof(ParkedRequeued), "requeued")]
internal abstract record WebhooksEvent;

internal sealed record WebhookStored(StoredWebhook Webhook) : WebhooksEvent;

internal sealed record WebhookRemoved(string Id) : WebhooksEvent;

/// <summary>An event with its body once, for however many webhooks.</summary>
internal sealed record EventQueued(string EventId, WebhookEventKind Kind, string Body, DateTimeOffset Time, IReadOnlyList<QueuedFor> For) : WebhooksEvent;

/// <param name="Parked">Why it is parked from the start.</param>
internal sealed record QueuedFor(long Number, string DeliveryId, string WebhookId, string? Parked);

internal sealed record DeliverySucceeded(long Number) : WebhooksEvent;

/// <param name="NextAt"><see langword="null"/> when it is parked.</param>
internal sealed record DeliveryFailed(long Number, string Error, DateTimeOffset? NextAt) : WebhooksEvent;

internal sealed record DeliveryDropped(long Number) : WebhooksEvent;

internal sealed record ParkedRequeued(string WebhookId, DateTimeOffset At) : WebhooksEvent;

/// <param name="HearsSince">When it began to hear of what it subscribes to now: what a room hands over late may be older than that.</param>
internal sealed record StoredWebhook(
    string Id,
    string Name,
    string? Description,
    string Url,
    IReadOnlyList<WebhookEventKind> Events,
    string? Secret,
    WebhookStatus Status,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset HearsSince,
    long Delivered = 0,
    long Dropped = 0)
{
    public Webhook View() => new(Id, Name, Description, Url, Events, Status, CreatedAt, UpdatedAt);
}

internal sealed record StoredDelivery(
    long Number, string DeliveryId, string WebhookId, WebhookEventKind Kind, string Body, DateTimeOffset QueuedAt, int Attempts, DateTimeOffset? NextAt, string? Error)
{
    [JsonIgnore]
    public bool IsParked => NextAt is null;
}

/// <summary>Webhooks by id (oldest first), deliveries by number (oldest first), and the events of late.</summary>
[Immutable]
internal sealed class WebhooksState
{
    /// <summary>A room offers an event again only after a crash between its own store and this one, so not many need to be known.</summary>
    public const int SeenMax = 1_024;

    public SortedDictionary<string, StoredWebhook> Webhooks { get; init; } = new(StringComparer.Ordinal);

    public SortedDictionary<long, StoredDelivery> Deliveries { get; init; } = [];

    public List<string> Seen { get; init; } = [];

    public long LastNumber { get; set; }

    public void Apply(WebhooksEvent e)
    {
        switch (e)
        {
            case WebhookStored(var webhook):
                Webhooks[webhook.Id] = webhook;
                break;
            case WebhookRemoved(var id):
                Webhooks.Remove(id);
                foreach (var delivery in Deliveries.Values.Where(d => d.WebhookId == id).ToList())
                {
                    Deliveries.Remove(delivery.Number);
                }

                break;
            case EventQueued queued:
                Queue(queued);
                break;
            case DeliverySucceeded(var number) when Deliveries.Remove(number, out var delivery):
                Count(delivery.WebhookId, delivered: 1);
                break;
            case DeliveryFailed failed when Deliveries.TryGetValue(failed.Number, out var delivery):
                Deliveries[failed.Number] = delivery with { Attempts = delivery.Attempts + 1, Error = failed.Error, NextAt = failed.NextAt };
                break;
            case DeliveryDropped(var number) when Deliveries.Remove(number, out var delivery):
                Count(delivery.WebhookId, dropped: 1);
                break;
            case ParkedRequeued(var id, var at):
                foreach (var delivery in Deliveries.Values.Where(d => d.WebhookId == id && d.IsParked).ToList())
                {
                    Deliveries[delivery.Number] = delivery with { Attempts = 0, NextAt = at };
                }

                break;
            default:
                break;
        }
    }

    private void Queue(EventQueued queued)
    {
        Seen.Add(queued.EventId);
        Seen.RemoveRange(0, Math.Max(0, Seen.Count - SeenMax));
        foreach (var to in queued.For)
        {
            Deliveries[to.Number] = new StoredDelivery(
                to.Number, to.DeliveryId, to.WebhookId, queued.Kind, queued.Body, queued.Time, 0, to.Parked is null ? queued.Time : null, to.Parked);
            LastNumber = Math.Max(LastNumber, to.Number);
        }
    }

    private void Count(string id, int delivered = 0, int dropped = 0)
    {
        if (Webhooks.TryGetValue(id, out var webhook))
        {
            Webhooks[id] = webhook with { Delivered = webhook.Delivered + delivered, Dropped = webhook.Dropped + dropped };
        }
    }
}
