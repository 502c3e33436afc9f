using MlopsGrains.Paging;

namespace MlopsGrains.Webhooks;

/// <summary>
/// The webhooks and what is to be delivered to them. The key is <see cref="Main"/>. An event is durable here before the change that made it is answered; it is
/// delivered at least once, and parked where it can be seen when it cannot be.
/// </summary>
[GrainInterfaceType("webhooks")]
public interface IWebhooksGrain : IGrainWithStringKey
{
    /// <summary>The only one.</summary>
    const string Main = "main";

    /// <summary>Creates a webhook; its name must be free (<see cref="Errors.ErrorKind.AlreadyExists"/>).</summary>
    [Alias("Create")]
    Task<Webhook> Create(NewWebhook webhook, CancellationToken cancellationToken = default);

    /// <summary>The webhook, or <see langword="null"/>.</summary>
    [Alias("Get"), ReadOnly]
    Task<Webhook?> Get(string id, CancellationToken cancellationToken = default);

    /// <summary>Webhooks, oldest first, 1–1000 a page.</summary>
    [Alias("List"), ReadOnly]
    Task<Page<Webhook>> List(int limit, string? pageToken, CancellationToken cancellationToken = default);

    /// <summary>Changes what is not <see langword="null"/>. What a disabled webhook had waiting waits until it is active again.</summary>
    [Alias("Update")]
    Task<Webhook> Update(string id, WebhookChange change, CancellationToken cancellationToken = default);

    /// <summary>Removes a webhook with all that waits for it.</summary>
    [Alias("Delete")]
    Task Delete(string id, CancellationToken cancellationToken = default);

    /// <summary>Has an example of an event (<see langword="null"/>: the first that it subscribes to) sent once, and answers what came of it.</summary>
    [Alias("Test"), AlwaysInterleave, ResponseTimeout("00:02:00")]
    Task<WebhookTestResult> Test(string id, WebhookEventKind? kind, CancellationToken cancellationToken = default);

    /// <summary>What waits for a webhook and what is parked, oldest first, at most <paramref name="limit"/> (1–1000).</summary>
    [Alias("Deliveries"), ReadOnly]
    Task<WebhookQueue> Deliveries(string id, int limit, CancellationToken cancellationToken = default);

    /// <summary>Sends what is parked again. Answers how many deliveries that are.</summary>
    [Alias("RetryParked")]
    Task<int> RetryParked(string id, CancellationToken cancellationToken = default);
}

/// <summary>A webhook. Its secret never leaves the platform.</summary>
[GenerateSerializer, Immutable, Alias("mlops.Webhook")]
public sealed record Webhook(
    [property: Id(0)] string Id,
    [property: Id(1)] string Name,
    [property: Id(2)] string? Description,
    [property: Id(3)] string Url,
    [property: Id(4)] IReadOnlyList<WebhookEventKind> Events,
    [property: Id(5)] WebhookStatus Status,
    [property: Id(6)] DateTimeOffset CreatedAt,
    [property: Id(7)] DateTimeOffset UpdatedAt);

/// <summary>A webhook to create.</summary>
/// <param name="Name">1–63 letters, digits, <c>.</c>, <c>_</c> and <c>-</c>; begins and ends with a letter or digit.</param>
/// <param name="Url">Absolute, <c>https</c> unless the server allows <c>http</c>, at most 2,048 characters, without user name; its host must not be private unless the server allows it.</param>
/// <param name="Events">At least one of <see cref="WebhookEventKind.All"/>.</param>
/// <param name="Description">At most 1,000 characters.</param>
/// <param name="Secret">Signs deliveries; at most 1,000 characters.</param>
/// <param name="Status">Whether it delivers.</param>
[GenerateSerializer, Immutable, Alias("mlops.NewWebhook")]
public sealed record NewWebhook(
    [property: Id(0)] string Name,
    [property: Id(1)] string Url,
    [property: Id(2)] IReadOnlyList<WebhookEventKind> Events,
    [property: Id(3)] string? Description = null,
    [property: Id(4)] string? Secret = null,
    [property: Id(5)] WebhookStatus Status = WebhookStatus.Active);

/// <summary>What to change of a webhook; <see langword="null"/> leaves a part alone.</summary>
[GenerateSerializer, Immutable, Alias("mlops.WebhookChange")]
public sealed record WebhookChange(
    [property: Id(0)] string? Name = null,
    [property: Id(1)] string? Url = null,
    [property: Id(2)] IReadOnlyList<WebhookEventKind>? Events = null,
    [property: Id(3)] string? Description = null,
    [property: Id(4)] string? Secret = null,
    [property: Id(5)] WebhookStatus? Status = null);

/// <summary>Whether a webhook delivers.</summary>
public enum WebhookStatus
{
    /// <summary>It does.</summary>
    Active = 1,

    /// <summary>It does not, and hears of nothing new.</summary>
    Disabled = 2,
}

/// <summary>What came of a test.</summary>
/// <param name="Success">Whether it was answered with 2xx.</param>
/// <param name="ResponseStatus">The answer's status, if there was one.</param>
/// <param name="ResponseBody">The beginning of the answer's body.</param>
/// <param name="ErrorMessage">Why there was no answer.</param>
[GenerateSerializer, Immutable, Alias("mlops.WebhookTestResult")]
public sealed record WebhookTestResult(
    [property: Id(0)] bool Success,
    [property: Id(1)] int? ResponseStatus = null,
    [property: Id(2)] string? ResponseBody = null,
    [property: Id(3)] string? ErrorMessage = null);

/// <summary>What a webhook has before it.</summary>
/// <param name="Items">Waiting and parked deliveries, oldest first.</param>
/// <param name="Waiting">How many wait.</param>
/// <param name="Parked">How many are parked: they are sent again only when asked for.</param>
/// <param name="Delivered">How many were delivered since the webhook was created.</param>
/// <param name="Dropped">How many were lost because more were parked than are kept.</param>
[GenerateSerializer, Immutable, Alias("mlops.WebhookQueue")]
public sealed record WebhookQueue(
    [property: Id(0)] IReadOnlyList<WebhookDelivery> Items,
    [property: Id(1)] int Waiting,
    [property: Id(2)] int Parked,
    [property: Id(3)] long Delivered,
    [property: Id(4)] long Dropped);

/// <summary>An event on its way to a webhook.</summary>
/// <param name="DeliveryId">The same for every attempt, so that a receiver can tell repeats.</param>
/// <param name="Event">What happened.</param>
/// <param name="QueuedAt">Since when.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="NextAt">Not before; <see langword="null"/> when it is parked.</param>
/// <param name="Error">What became of the last attempt.</param>
[GenerateSerializer, Immutable, Alias("mlops.WebhookDelivery")]
public sealed record WebhookDelivery(
    [property: Id(0)] string DeliveryId,
    [property: Id(1)] WebhookEventKind Event,
    [property: Id(2)] DateTimeOffset QueuedAt,
    [property: Id(3)] int Attempts,
    [property: Id(4)] DateTimeOffset? NextAt,
    [property: Id(5)] string? Error);
