using CsCheck;
using MlopsGrains.Grains.Idempotency;
using MlopsGrains.Idempotency;

namespace MlopsGrains.Grains.Tests.Idempotency;

public sealed class IdempotencyStoreTests(SiloFixture silo)
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Answers_AreFoundUntilTheirTimeIsOver_AsInANaiveBook() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[1, 30], Gen.Int[0, 10], (key, retention, pause) => (key, retention, pause)).Array[1, 30].Sample(kept =>
        {
            var state = new IdempotencyStoreState();
            var naive = new Dictionary<string, (DateTimeOffset Until, string Body)>();
            var now = Start;
            foreach (var (key, retention, pause) in kept)
            {
                now += TimeSpan.FromMinutes(pause);
                var until = now + TimeSpan.FromMinutes(retention);
                naive[$"{key}"] = (until, $"{now}");
                state.Apply(new AnswerKept($"{key}", "d", new Answer(200, null, null, $"{now}"), now, until));
                for (var k = 0; k < 5; k++)
                {
                    var expected = naive.TryGetValue($"{k}", out var n) && n.Until > now ? n.Body : null;
                    Assert.Equal(expected, state.Find($"{k}", now)?.Answer.Body);
                }
            }
        });

    [Fact]
    public void FullBook_ForgetsItsOldest()
    {
        var state = new IdempotencyStoreState();
        for (var i = 0; i <= IdempotencyStoreState.AnswersMax; i++)
        {
            state.Apply(new AnswerKept($"{i}", "d", new Answer(200, null, null, ""), Start, Start.AddDays(1)));
        }

        Assert.Null(state.Find("0", Start));
        Assert.NotNull(state.Find("1", Start));
        Assert.Equal(IdempotencyStoreState.AnswersMax, state.Answers.Count);
    }

    [Fact]
    public async Task SecondCaller_WaitsForTheFirst_AndTakesOverWhenItLeaves()
    {
        var key = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        var store = silo.Grains.GetGrain<IIdempotencyStoreGrain>(IIdempotencyStoreGrain.StoreOf(key));
        Assert.Equal(AnswerTurn.Yours, (await store.Enter(key, "a", Token)).Turn);
        Assert.Equal(AnswerTurn.OtherBody, (await store.Enter(key, "b", Token)).Turn);

        var second = store.Enter(key, "a", Token);
        Assert.False(second.IsCompleted);
        await store.Leave(key, Token);
        Assert.Equal(AnswerTurn.Yours, (await second).Turn);

        var third = store.Enter(key, "a", Token);
        await store.Keep(key, "a", new Answer(201, "application/json", "/x", "{}"), TimeSpan.FromHours(1), Token);
        Assert.Equal(new Answer(201, "application/json", "/x", "{}"), (await third).Answer);

        await silo.Cluster.DeactivateAsync(store);
        Assert.Equal(AnswerTurn.Answered, (await store.Enter(key, "a", Token)).Turn);
        Assert.Equal(AnswerTurn.OtherBody, (await store.Enter(key, "b", Token)).Turn);
    }
}
