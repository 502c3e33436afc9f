using System.Text;
using System.Text.Json;
using MlopsGrains.Identity;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Webhooks;

/// <summary>What is queued for whom, when it is tried again and when it is given up. Pure.</summary>
internal static class OutboxRules
{
    private const int ErrorCharactersMax = 500;

    /// <summary>Clocks of silos differ; a webhook hears of what happened since it listens, give or take this.</summary>
    private static readonly TimeSpan SkewMax = TimeSpan.FromMinutes(1);

    /// <summary>The events that make these things that happened durable for the webhooks that subscribe to them.</summary>
    public static List<WebhooksEvent> Publish(WebhooksState state, IReadOnlyList<WebhookEvent> happened, WebhookOptions options, IIdSource ids, DateTimeOffset now)
    {
        var events = new List<WebhooksEvent>();
        var number = state.LastNumber;
        var counts = state.Deliveries.Values.GroupBy(d => d.WebhookId).ToDictionary(g => g.Key, g => (Waiting: g.Count(d => !d.IsParked), Parked: g.Count(d => d.IsParked)));
        foreach (var one in happened)
        {
            if (state.Seen.Contains(one.Id))
            {
                continue;
            }

            var to = new List<QueuedFor>();
            foreach (var webhook in state.Webhooks.Values.Where(w => w.Status == WebhookStatus.Active && w.Events.Contains(one.Kind) && w.HearsSince <= one.Time + SkewMax))
            {
                var (waiting, parked) = counts.GetValueOrDefault(webhook.Id);
                var full = waiting >= options.QueueMax;
                counts[webhook.Id] = full ? (waiting, parked + 1) : (waiting + 1, parked);
                to.Add(new QueuedFor(++number, DeliveryId(ids), webhook.Id, full ? $"{options.QueueMax} deliveries waited already, the most that may." : null));
            }

            if (to.Count > 0)
            {
                events.Add(new EventQueued(one.Id, one.Kind, Body(one.Kind, one.Time, one.Data), now, to));
            }
        }

        return events;
    }

    /// <summary>What an attempt's outcome makes of a delivery.</summary>
    /// <param name="delivery">The delivery.</param>
    /// <param name="outcome">What came of it.</param>
    /// <param name="options">The limits.</param>
    /// <param name="now">The time.</param>
    /// <param name="random">From 0 to below 1.</param>
    public static WebhooksEvent After(StoredDelivery delivery, DeliveryOutcome outcome, WebhookOptions options, DateTimeOffset now, double random)
    {
        if (outcome.Success)
        {
            return new DeliverySucceeded(delivery.Number);
        }

        var error = outcome.Error ?? $"The receiver answered {outcome.Status}.";
        error = error.Length <= ErrorCharactersMax ? error : error[..ErrorCharactersMax];
        var attempts = delivery.Attempts + 1;
        if (!outcome.MayRetry || attempts >= options.AttemptsMax)
        {
            return new DeliveryFailed(delivery.Number, error, null);
        }

        var delay = Delay(attempts, options, random);
        var asked = outcome.RetryAfter is { } after ? (after < options.RetryDelayMax ? after : options.RetryDelayMax) : TimeSpan.Zero;
        return new DeliveryFailed(delivery.Number, error, now + (asked > delay ? asked : delay));
    }

    /// <summary>Doubles with each attempt up to the limit; a half of it is random, so that receivers are not hit by all at once.</summary>
    public static TimeSpan Delay(int attempts, WebhookOptions options, double random)
    {
        var full = Math.Min(options.RetryDelay.TotalMilliseconds * Math.Pow(2, Math.Min(attempts - 1, 40)), options.RetryDelayMax.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(full * (0.5 + (random / 2)));
    }

    /// <summary>What has to go so that the rest keeps within its limits: the oldest parked first, of waiting ones the newest.</summary>
    public static List<WebhooksEvent> Shrink(WebhooksState state, WebhookOptions options)
    {
        var gone = new HashSet<long>();
        foreach (var webhook in state.Deliveries.Values.Where(d => d.IsParked).GroupBy(d => d.WebhookId))
        {
            gone.UnionWith(webhook.Take(Math.Max(0, webhook.Count() - options.ParkedMax)).Select(d => d.Number));
        }

        var characters = state.Deliveries.Values.Where(d => !gone.Contains(d.Number)).Sum(d => (long)d.Body.Length);
        foreach (var delivery in state.Deliveries.Values.Where(d => d.IsParked).Concat(state.Deliveries.Values.Where(d => !d.IsParked).Reverse()))
        {
            if (characters <= options.CharactersMax)
            {
                break;
            }

            if (gone.Add(delivery.Number))
            {
                characters -= delivery.Body.Length;
            }
        }

        return [.. gone.Order().Select(n => new DeliveryDropped(n))];
    }

    /// <summary>An identifier as receivers expect one: with dashes.</summary>
    public static string DeliveryId(IIdSource ids) => Guid.ParseExact(ids.NewId(), "N").ToString("D");

    public static string Body(WebhookEventKind kind, DateTimeOffset time, string data)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("entity", kind.Entity.ToLowerInvariant());
            json.WriteString("action", kind.Action.ToLowerInvariant());
            json.WriteString("timestamp", time.UtcDateTime);
            json.WritePropertyName("data");
            json.WriteRawValue(data);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
