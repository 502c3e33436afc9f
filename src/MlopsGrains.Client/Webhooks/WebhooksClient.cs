using MlopsGrains.Client.Http;
using MlopsGrains.Paging;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Client;

/// <summary>Webhooks: who hears of changes in the registry. All calls need an administrator or an API key where sign-in is asked for.</summary>
public sealed class WebhooksClient
{
    private readonly GatewayHttp http;

    internal WebhooksClient(GatewayHttp http) => this.http = http;

    /// <summary>All webhooks, oldest first, read page by page.</summary>
    public IAsyncEnumerable<Webhook> ListAsync(CancellationToken cancellationToken = default) => Pages.All(
        async (token, cancel) =>
        {
            var page = await http.LookAsync<WebhookPage>("webhooks" + GatewayPath.Query(("page_token", token)), cancel);
            return new Page<Webhook>([.. (page.Webhooks ?? []).Select(Of)], page.NextPageToken);
        },
        cancellationToken);

    /// <summary>A webhook; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public async Task<Webhook> GetAsync(string id, CancellationToken cancellationToken = default) => Of((await http.LookAsync<WebhookAnswer>(At(id), cancellationToken)).Webhook);

    /// <summary>Creates a webhook; its name must be free (<see cref="Errors.ErrorKind.AlreadyExists"/>).</summary>
    public async Task<Webhook> CreateAsync(NewWebhook webhook, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(webhook);
        var body = new { name = webhook.Name, url = webhook.Url, events = Events(webhook.Events), description = webhook.Description, secret = webhook.Secret, status = Name(webhook.Status) };
        return Of((await http.CreateOnceAsync<WebhookAnswer>("webhooks", body, cancellationToken)).Webhook);
    }

    /// <summary>Changes what is given; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public async Task<Webhook> UpdateAsync(string id, WebhookChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        var status = change.Status is { } given ? Name(given) : null;
        var body = new { name = change.Name, url = change.Url, events = change.Events is null ? null : Events(change.Events), description = change.Description, secret = change.Secret, status };
        return Of((await http.ChangeAsync<WebhookAnswer>(HttpMethod.Patch, At(id), body, Repeat.Always, cancellationToken)).Webhook);
    }

    /// <summary>Removes a webhook with all that waits for it.</summary>
    public Task DeleteAsync(string id, CancellationToken cancellationToken = default) =>
        http.ChangeAsync(HttpMethod.Delete, At(id), new { }, Repeat.WhenRefused, cancellationToken);

    /// <summary>Has an example of its first event sent once, and answers what came of it.</summary>
    public async Task<WebhookTestResult> TestAsync(string id, CancellationToken cancellationToken = default) =>
        (await http.ChangeAsync<TestAnswer>(HttpMethod.Post, At(id) + "/test", new { }, Repeat.WhenRefused, cancellationToken)).Result;

    /// <summary>What waits for a webhook and what is parked, oldest first.</summary>
    /// <param name="id">The webhook.</param>
    /// <param name="limit">1–1,000.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<WebhookQueue> DeliveriesAsync(string id, int limit = 100, CancellationToken cancellationToken = default) =>
        http.GetAsync<WebhookQueue>($"{NativeAt(id)}/deliveries{GatewayPath.Query(("limit", limit))}", cancellationToken);

    /// <summary>Sends what is parked again. Answers how many deliveries that are.</summary>
    public async Task<int> RetryAsync(string id, CancellationToken cancellationToken = default) =>
        (await http.ReadAsync<Retried>(new GatewayCall(HttpMethod.Post, $"{NativeAt(id)}/deliveries/retry"), cancellationToken)).Count;

    private static string At(string id) => "webhooks/" + GatewayPath.Segment("id", id);

    private static string NativeAt(string id) => "api/v1/webhooks/" + GatewayPath.Segment("id", id);

    private static object[] Events(IReadOnlyList<WebhookEventKind> events) => [.. events.Select(e => new { entity = e.Entity, action = e.Action })];

    private static string Name(WebhookStatus status) => status == WebhookStatus.Disabled ? "DISABLED" : "ACTIVE";

    private static Webhook Of(WebhookMessage webhook) => new(
        webhook.WebhookId,
        webhook.Name,
        webhook.Description,
        webhook.Url,
        webhook.Events,
        webhook.Status == "DISABLED" ? WebhookStatus.Disabled : WebhookStatus.Active,
        DateTimeOffset.FromUnixTimeMilliseconds(webhook.CreationTimestamp),
        DateTimeOffset.FromUnixTimeMilliseconds(webhook.LastUpdatedTimestamp));

    private sealed record WebhookPage(IReadOnlyList<WebhookMessage>? Webhooks, string? NextPageToken);

    private sealed record WebhookAnswer(WebhookMessage Webhook);

    private sealed record TestAnswer(WebhookTestResult Result);

    private sealed record Retried([property: System.Text.Json.Serialization.JsonPropertyName("retried")] int Count);

    private sealed record WebhookMessage(
        string WebhookId, string Name, string? Description, string Url, IReadOnlyList<WebhookEventKind> Events, string Status, long CreationTimestamp, long LastUpdatedTimestamp);
}
