using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Paging;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Webhooks;

/// <summary>
/// Webhooks and their outbox. What waits is in the journal; who is sending it at the moment is only remembered, so after a crash it is due again.
/// </summary>
[GrainType("webhooks")]
internal sealed class WebhooksGrain(IJournal journal, IIdSource ids, IOptions<WebhookOptions> options, WebhookMetrics metrics, LongWait longWait, TimeProvider time)
    : JournalGrain<WebhooksState, WebhooksEvent>(journal, new JsonJournalCodec<WebhooksState, WebhooksEvent>()), IWebhooksGrain, IWebhookOutboxGrain
{
    private const int TakeMax = 100;

    /// <summary>Beyond an attempt's own time, for the call that reports it.</summary>
    private static readonly TimeSpan LeaseSlack = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(20);

    private readonly WebhookOptions options = options.Value;
    private readonly Dictionary<long, (string WebhookId, DateTimeOffset Until)> leases = [];
    private readonly Queue<LeasedDelivery> tests = new();
    private readonly Dictionary<long, TaskCompletionSource<DeliveryOutcome>> testing = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long lastTest;

    private DateTimeOffset Now => time.GetUtcNow();

    public async Task<Webhook> Create(NewWebhook webhook, CancellationToken cancellationToken = default)
    {
        // A request that comes again finds what it created under the id made from its key.
        var id = RequestKey.Current is { } key ? Guid.ParseExact(key[..32], "N").ToString("D") : OutboxRules.DeliveryId(ids);
        if (State.Webhooks.TryGetValue(id, out var known))
        {
            return known.View();
        }

        var stored = new StoredWebhook(
            id, webhook.Name, webhook.Description, webhook.Url, [.. webhook.Events.Distinct()], webhook.Secret, webhook.Status, Now, Now, Now);
        Check(stored);
        if (State.Webhooks.Count >= options.WebhooksMax)
        {
            throw MlopsException.Conflict($"There are {options.WebhooksMax} webhooks, the most there can be (Webhooks:WebhooksMax).");
        }

        await Record(new WebhookStored(stored), Told("created", stored));
        return stored.View();
    }

    public Task<Webhook?> Get(string id, CancellationToken cancellationToken = default) => Task.FromResult(State.Webhooks.GetValueOrDefault(id)?.View());

    public Task<Page<Webhook>> List(int limit, string? pageToken, CancellationToken cancellationToken = default)
    {
        Limit.Page("max_results", limit, WebhookLimits.PageMax);
        if (!string.IsNullOrEmpty(pageToken) && !Guid.TryParseExact(pageToken, "D", out _))
        {
            throw MlopsException.Invalid("page_token", "Invalid page token: it is not one that this list gave out.");
        }

        var items = State.Webhooks.Values.Where(w => string.IsNullOrEmpty(pageToken) || string.CompareOrdinal(w.Id, pageToken) > 0).Take(limit + 1).Select(w => w.View()).ToList();
        return Task.FromResult(items.Count <= limit ? new Page<Webhook>(items, null) : new Page<Webhook>(items[..limit], items[limit - 1].Id));
    }

    public async Task<Webhook> Update(string id, WebhookChange change, CancellationToken cancellationToken = default)
    {
        var known = Existing(id);
        var stored = known with
        {
            Name = change.Name ?? known.Name,
            Description = change.Description ?? known.Description,
            Url = change.Url ?? known.Url,
            Events = change.Events is null ? known.Events : [.. change.Events.Distinct()],
            Secret = change.Secret ?? known.Secret,
            Status = change.Status ?? known.Status,
            UpdatedAt = Now,
        };
        Check(stored);
        if (stored.Status != known.Status || !stored.Events.SequenceEqual(known.Events))
        {
            stored = stored with { HearsSince = Now };
        }

        await Record(new WebhookStored(stored), Told("updated", stored));
        Wake();
        return stored.View();
    }

    public async Task Delete(string id, CancellationToken cancellationToken = default)
    {
        var known = Existing(id);
        await Record(new WebhookRemoved(id), Told("deleted", known));
    }

    public async Task<WebhookTestResult> Test(string id, WebhookEventKind? kind, CancellationToken cancellationToken = default)
    {
        var webhook = Existing(id);
        if (kind is not null)
        {
            WebhookRules.CheckEvent("event", kind);
        }

        if (tests.Count >= options.QueueMax)
        {
            throw MlopsException.Overloaded($"{tests.Count} tests of webhooks wait; at most {options.QueueMax}.");
        }

        var number = --lastTest;
        var outcome = testing[number] = new TaskCompletionSource<DeliveryOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        tests.Enqueue(new LeasedDelivery(
            number, OutboxRules.DeliveryId(ids), webhook.Url, webhook.Secret, OutboxRules.Body(kind ?? webhook.Events[0], Now, ExampleData.Of(kind ?? webhook.Events[0]))));
        Wake();
        try
        {
            var result = await outcome.Task.WaitAsync(options.AttemptTimeout + LeaseSlack, time, cancellationToken);
            return new WebhookTestResult(result.Success, result.Status, result.ResponseBody, result.Error);
        }
        catch (TimeoutException)
        {
            return new WebhookTestResult(false, ErrorMessage: "No worker sent it; is one running (Webhooks:Parallel)?");
        }
        finally
        {
            testing.Remove(number);
        }
    }

    public Task<WebhookQueue> Deliveries(string id, int limit, CancellationToken cancellationToken = default)
    {
        Limit.Page("max_results", limit, WebhookLimits.PageMax);
        var webhook = Existing(id);
        var own = State.Deliveries.Values.Where(d => d.WebhookId == id).ToList();
        var parked = own.Count(d => d.IsParked);
        return Task.FromResult(new WebhookQueue(
            [.. own.Take(limit).Select(d => new WebhookDelivery(d.DeliveryId, d.Kind, d.QueuedAt, d.Attempts, d.NextAt, d.Error))],
            own.Count - parked,
            parked,
            webhook.Delivered,
            webhook.Dropped));
    }

    public async Task<int> RetryParked(string id, CancellationToken cancellationToken = default)
    {
        var webhook = Existing(id);
        var parked = State.Deliveries.Values.Count(d => d.WebhookId == id && d.IsParked);
        if (parked > 0)
        {
            await Record(new ParkedRequeued(id, Now), Told("parked-retried", webhook));
            Wake();
        }

        return parked;
    }

    public async Task<int> Publish(IReadOnlyList<WebhookEvent> events, CancellationToken cancellationToken = default)
    {
        var queued = OutboxRules.Publish(State, events, options, ids, Now);
        if (queued.Count == 0)
        {
            return events.Count(e => State.Seen.Contains(e.Id));
        }

        await Record(queued);
        await Shrink();
        Wake();
        return queued.OfType<EventQueued>().Sum(e => e.For.Count);
    }

    public Task<bool> HasWebhooks(CancellationToken cancellationToken = default) => Task.FromResult(State.Webhooks.Count > 0);

    public async Task<IReadOnlyList<LeasedDelivery>> Take(int max, TimeSpan wait, CancellationToken cancellationToken = default)
    {
        var waitUntil = Now + (wait < WaitMax ? wait : WaitMax);
        while (true)
        {
            var taken = TakeDue(Math.Clamp(max, 1, TakeMax), out var nextAt);
            var until = nextAt < waitUntil ? nextAt : waitUntil;
            if (taken.Count > 0 || Now >= waitUntil)
            {
                return taken;
            }

            // At least a little: a clock that has not moved on must not make this spin.
            var pause = until - Now;
            if (!await longWait.ForAsync(changed.Task, pause > TimeSpan.FromMilliseconds(1) ? pause : TimeSpan.FromMilliseconds(1), cancellationToken))
            {
                return taken;
            }
        }
    }

    public async Task Report(long number, DeliveryOutcome outcome, CancellationToken cancellationToken = default)
    {
        if (testing.TryGetValue(number, out var test))
        {
            test.TrySetResult(outcome);
            return;
        }

        if (State.Deliveries.TryGetValue(number, out var delivery))
        {
            await Record(OutboxRules.After(delivery, outcome, options, Now, Random.Shared.NextDouble()));
            await Shrink();
        }

        // Only now: while it was being stored, the delivery still looked as if it were due.
        leases.Remove(number);
        Wake();
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        metrics.Waiting(State.Deliveries.Count);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        metrics.Waiting(0);
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    protected override void Recorded(IReadOnlyList<WebhooksEvent> events) => metrics.Waiting(State.Deliveries.Count);

    protected override void Apply(WebhooksState state, WebhooksEvent e) => state.Apply(e);

    private List<LeasedDelivery> TakeDue(int max, out DateTimeOffset nextAt)
    {
        var now = Now;
        nextAt = DateTimeOffset.MaxValue;
        var taken = new List<LeasedDelivery>();
        while (taken.Count < max && tests.TryDequeue(out var test))
        {
            taken.Add(test);
        }

        // What lies further ahead than anything is put off was put off by a clock that has been set back since.
        var leaseTime = options.AttemptTimeout + LeaseSlack;
        foreach (var (number, lease) in leases.Where(l => l.Value.Until <= now || l.Value.Until > now + leaseTime).ToList())
        {
            leases.Remove(number);
        }

        var busy = leases.Values.GroupBy(l => l.WebhookId).ToDictionary(g => g.Key, g => g.Count());
        foreach (var delivery in State.Deliveries.Values)
        {
            if (taken.Count >= max)
            {
                break;
            }

            var webhook = State.Webhooks[delivery.WebhookId];
            var sending = busy.GetValueOrDefault(delivery.WebhookId);
            if (delivery.NextAt is not { } at || leases.ContainsKey(delivery.Number) || webhook.Status != WebhookStatus.Active || sending >= options.ParallelPerWebhook)
            {
                continue;
            }

            if (at > now && at <= now + options.RetryDelayMax)
            {
                nextAt = at < nextAt ? at : nextAt;
                continue;
            }

            busy[delivery.WebhookId] = sending + 1;
            leases[delivery.Number] = (delivery.WebhookId, now + leaseTime);
            taken.Add(new LeasedDelivery(delivery.Number, delivery.DeliveryId, webhook.Url, webhook.Secret, delivery.Body));
        }

        if (leases.Count > 0)
        {
            var ends = leases.Values.Min(l => l.Until);
            nextAt = ends < nextAt ? ends : nextAt;
        }

        return taken;
    }

    private async Task Shrink()
    {
        var gone = OutboxRules.Shrink(State, options);
        foreach (var batch in gone.Chunk(JournalLimits.EntriesPerAppendMax))
        {
            await Record(batch);
        }
    }

    private void Check(StoredWebhook webhook)
    {
        WebhookRules.Check(webhook, options);
        if (State.Webhooks.Values.Any(w => w.Name == webhook.Name && w.Id != webhook.Id))
        {
            throw MlopsException.AlreadyExists("Webhook", webhook.Name);
        }
    }

    private StoredWebhook Existing(string id) => State.Webhooks.GetValueOrDefault(id) ?? throw WebhookErrors.NoWebhook(id);

    private void Wake()
    {
        var waiting = changed;
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.TrySetResult();
    }

    /// <summary>The path and query of a URL may hold a token; the host does not.</summary>
    private static AuditEntry Told(string what, StoredWebhook webhook) => new(
        $"webhook.{what}",
        $"webhook/{webhook.Id}",
        new Dictionary<string, string> { ["name"] = webhook.Name, ["host"] = new Uri(webhook.Url).Authority, ["status"] = webhook.Status.ToString(), ["events"] = string.Join(", ", webhook.Events) });
}
