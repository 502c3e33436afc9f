using System.Text.Json;
using System.Text.Json.Nodes;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Grains.Webhooks;
using MlopsGrains.Identity;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Tests.Webhooks;

public sealed class OutboxRulesTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly WebhookEventKind Created = new("MODEL_VERSION", "CREATED");
    private static readonly IIdSource Ids = new UuidSource(TimeProvider.System);

    private readonly WebhooksState state = new();
    private readonly WebhookOptions options = new() { QueueMax = 3, ParkedMax = 2, AttemptsMax = 3, CharactersMax = 100 * 1024 };

    [Fact]
    public void Publish_ReachesTheActiveSubscribersOfTheKind_Once()
    {
        Add("a", Created);
        Add("b", new WebhookEventKind("PROMPT", "CREATED"));
        Add("off", Created, WebhookStatus.Disabled);
        Add("late", Created, at: Start.AddHours(1));

        Publish(Event("1"));
        Publish(Event("1"), Event("2"));

        Assert.Equal([("a", 1L), ("a", 2L)], state.Deliveries.Values.Select(d => (d.WebhookId, d.Number)));
        Assert.Equal(2, state.Deliveries.Values.Select(d => d.DeliveryId).Distinct().Count());
        var body = JsonNode.Parse(state.Deliveries[1].Body)!;
        Assert.Equal(("model_version", "created", "2026-01-01T00:00:00Z", 1), ((string)body["entity"]!, (string)body["action"]!, (string)body["timestamp"]!, (int)body["data"]!["n"]!));
    }

    [Fact]
    public void FullQueue_ParksTheNewest_AndDropsTheOldestParked()
    {
        Add("a", Created);

        Publish([.. Enumerable.Range(1, 7).Select(i => Event($"{i}"))]);

        Assert.Equal([1L, 2, 3], state.Deliveries.Values.Where(d => !d.IsParked).Select(d => d.Number));
        Assert.Equal([6L, 7], state.Deliveries.Values.Where(d => d.IsParked).Select(d => d.Number));
        Assert.Equal(2, state.Webhooks["a"].Dropped);
        Assert.Contains("3 deliveries", state.Deliveries[7].Error, StringComparison.Ordinal);
    }

    [Fact]
    public void TooManyCharacters_DropParkedFirst_ThenTheNewest()
    {
        Add("a", Created);
        var data = $$"""{"n":1,"text":"{{new string('x', 45_000)}}"}""";
        Publish(Event("1", data));
        Fail(1, mayRetry: false);
        Publish(Event("2", data));
        Publish(Event("3", data));
        Assert.Equal([2L, 3], state.Deliveries.Keys);

        Publish(Event("4", data));

        Assert.Equal([2L, 3], state.Deliveries.Keys);
        Assert.Equal(2, state.Webhooks["a"].Dropped);
    }

    [Fact]
    public void Failure_IsTriedAgainLaterAndLater_ThenParked_AndSentAgainWhenAsked()
    {
        Add("a", Created);
        Publish(Event("1"));

        Fail(1);
        Assert.Equal((1, Start.AddSeconds(0.75), "The receiver answered 503."), (state.Deliveries[1].Attempts, state.Deliveries[1].NextAt, state.Deliveries[1].Error));
        Fail(1);
        Assert.Equal(Start.AddSeconds(1.5), state.Deliveries[1].NextAt);
        Fail(1);
        Assert.True(state.Deliveries[1].IsParked);

        state.Apply(new ParkedRequeued("a", Start));
        Assert.Equal((0, Start), (state.Deliveries[1].Attempts, state.Deliveries[1].NextAt));
        state.Apply(OutboxRules.After(state.Deliveries[1], new DeliveryOutcome(true, false, 200), options, Start, 0.5));
        Assert.Empty(state.Deliveries);
        Assert.Equal(1, state.Webhooks["a"].Delivered);
    }

    [Fact]
    public void FinalRefusal_IsParkedAtOnce()
    {
        Add("a", Created);
        Publish(Event("1"));

        Fail(1, mayRetry: false);

        Assert.True(state.Deliveries[1].IsParked);
    }

    [Fact]
    public void Receiver_MayAskForMoreTime_WithinTheLimit()
    {
        Add("a", Created);
        Publish(Event("1"));

        Fail(1, after: TimeSpan.FromSeconds(90));
        Assert.Equal(Start.AddSeconds(90), state.Deliveries[1].NextAt);
        Fail(1, after: TimeSpan.FromDays(3));
        Assert.Equal(Start + options.RetryDelayMax, state.Deliveries[1].NextAt);
    }

    [Theory]
    [InlineData(1, 0.0, 0.5)]
    [InlineData(1, 1.0, 1.0)]
    [InlineData(4, 0.0, 4.0)]
    [InlineData(4, 1.0, 8.0)]
    [InlineData(50, 1.0, 600.0)]
    [InlineData(int.MaxValue, 0.0, 300.0)]
    public void Delay_Doubles_HalfOfItRandom_UpToTheLimit(int attempts, double random, double seconds) =>
        Assert.Equal(seconds, OutboxRules.Delay(attempts, new WebhookOptions(), random).TotalSeconds, 6);

    [Fact]
    public void RandomPlay_LosesNothingUncounted_KeepsItsLimits_AndReplays()
    {
        var codec = new JsonJournalCodec<WebhooksState, WebhooksEvent>();
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var (live, replayed) = (new WebhooksState(), new WebhooksState());
            var (offered, next) = (new Dictionary<string, int> { ["a"] = 0, ["b"] = 0 }, 0);
            Apply([Stored("a", Created), Stored("b", Created)]);
            for (var step = 0; step < 200; step++)
            {
                switch (random.Next(4))
                {
                    case 0:
                        var batch = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Event($"{next++}")).ToList();
                        Apply(OutboxRules.Publish(live, batch, options, Ids, Start));
                        offered["a"] += batch.Count;
                        offered["b"] += batch.Count;
                        break;
                    case 1 or 2 when live.Deliveries.Count > 0:
                        var delivery = live.Deliveries.Values.ElementAt(random.Next(live.Deliveries.Count));
                        Apply([OutboxRules.After(delivery, new DeliveryOutcome(random.Next(2) == 0, random.Next(3) > 0, 500), options, Start, random.NextDouble())]);
                        break;
                    default:
                        if (random.Next(10) == 0)
                        {
                            Apply([new ParkedRequeued("a", Start)]);
                        }

                        break;
                }

                Apply(OutboxRules.Shrink(live, options));
                foreach (var id in offered.Keys)
                {
                    var own = live.Deliveries.Values.Where(d => d.WebhookId == id).ToList();
                    Assert.Equal(offered[id], own.Count + live.Webhooks[id].Delivered + live.Webhooks[id].Dropped);
                    Assert.InRange(own.Count(d => d.IsParked), 0, options.ParkedMax);
                }
            }

            Assert.Equal(JsonSerializer.Serialize(live), JsonSerializer.Serialize(replayed));

            void Apply(IEnumerable<WebhooksEvent> events)
            {
                foreach (var e in events)
                {
                    live.Apply(e);
                    var bytes = new System.Buffers.ArrayBufferWriter<byte>();
                    codec.EncodeEvent(e, bytes);
                    replayed.Apply(codec.DecodeEvent(bytes.WrittenMemory));
                    if (random.Next(50) == 0)
                    {
                        bytes = new();
                        codec.EncodeState(replayed, bytes);
                        replayed = codec.DecodeState(bytes.WrittenMemory);
                    }
                }
            }
        }
    }

    private static WebhookStored Stored(string id, WebhookEventKind kind, WebhookStatus status = WebhookStatus.Active, DateTimeOffset? at = null) =>
        new(new StoredWebhook(id, id, null, "https://example.com", [kind], "secret", status, Start, Start, at ?? Start));

    private static WebhookEvent Event(string id, string data = """{"n":1}""") => new(id, Created, Start, data);

    private void Add(string id, WebhookEventKind kind, WebhookStatus status = WebhookStatus.Active, DateTimeOffset? at = null) => state.Apply(Stored(id, kind, status, at));

    private void Publish(params WebhookEvent[] events)
    {
        OutboxRules.Publish(state, events, options, Ids, Start).ForEach(state.Apply);
        OutboxRules.Shrink(state, options).ForEach(state.Apply);
    }

    private void Fail(long number, bool mayRetry = true, TimeSpan? after = null) =>
        state.Apply(OutboxRules.After(state.Deliveries[number], new DeliveryOutcome(false, mayRetry, 503, RetryAfter: after), options, Start, 0.5));
}
