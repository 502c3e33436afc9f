using MlopsGrains.Errors;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Idempotency;
using MlopsGrains.Storage.Journals;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Idempotency;

/// <summary>
/// Who works on a request is known in memory only: after a crash the next caller gets the turn, and also from a gateway that has been silent, which may be gone. What requests create is
/// created under an id made from the key, so working on one twice creates one thing.
/// </summary>
[GrainType("answer-book")]
[Reentrant]
internal sealed class IdempotencyStoreGrain(IJournal journal, LongWait longWait, TimeProvider time)
    : JournalGrain<IdempotencyStoreState, IdempotencyStoreEvent>(journal, new JsonJournalCodec<IdempotencyStoreState, IdempotencyStoreEvent>()), IIdempotencyStoreGrain
{
    private const int OpenMax = 10_000;

    private static readonly TimeSpan TurnMax = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, Open> open = new(StringComparer.Ordinal);

    public async Task<AnswerEntry> Enter(string key, string bodyDigest, CancellationToken cancellationToken = default)
    {
        if (Kept(key, bodyDigest) is { } kept)
        {
            return kept;
        }

        if (open.TryGetValue(key, out var other) && TurnMax - time.GetElapsedTime(other.Since) is var left && left > TimeSpan.Zero)
        {
            if (other.BodyDigest != bodyDigest)
            {
                return new AnswerEntry(AnswerTurn.OtherBody);
            }

            await longWait.ForAsync(other.Done.Task, left, cancellationToken);
            if (Kept(key, bodyDigest) is { } answered)
            {
                return answered;
            }

            if (open.TryGetValue(key, out var another) && time.GetElapsedTime(another.Since) < TurnMax)
            {
                return new AnswerEntry(AnswerTurn.Busy);
            }
        }

        if (open.Count >= OpenMax)
        {
            throw MlopsException.Overloaded($"{open.Count} requests with an idempotency key are being answered; at most {OpenMax}.");
        }

        open[key] = new Open(bodyDigest, time.GetTimestamp());
        return new AnswerEntry(AnswerTurn.Yours);
    }

    public async Task Keep(string key, string bodyDigest, Answer answer, TimeSpan retention, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        await Record(new AnswerKept(key, bodyDigest, answer, now, now + retention));
        End(key);
    }

    public Task Leave(string key, CancellationToken cancellationToken = default)
    {
        End(key);
        return Task.CompletedTask;
    }

    protected override void Apply(IdempotencyStoreState state, IdempotencyStoreEvent e) => state.Apply(e);

    private AnswerEntry? Kept(string key, string bodyDigest) => State.Find(key, time.GetUtcNow()) switch
    {
        null => null,
        { } kept when kept.BodyDigest == bodyDigest => new AnswerEntry(AnswerTurn.Answered, kept.Answer),
        _ => new AnswerEntry(AnswerTurn.OtherBody),
    };

    private void End(string key)
    {
        if (open.Remove(key, out var ended))
        {
            ended.Done.TrySetResult();
        }
    }

    private sealed record Open(string BodyDigest, long Since)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
