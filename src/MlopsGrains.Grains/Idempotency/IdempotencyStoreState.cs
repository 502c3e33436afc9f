using System.Text.Json.Serialization;
using MlopsGrains.Idempotency;

namespace MlopsGrains.Grains.Idempotency;

[JsonDerivedType(typeof(AnswerKept), "kept")]
internal abstract record IdempotencyStoreEvent;

internal sealed record AnswerKept(string Key, string BodyDigest, Answer Answer, DateTimeOffset Time, DateTimeOffset Until) : IdempotencyStoreEvent;

/// <summary>The kept answers, oldest first. Pure.</summary>
[Immutable]
internal sealed class IdempotencyStoreState
{
    public const int AnswersMax = 4000;
    public const long CharactersMax = 16_000_000;

    private Dictionary<string, AnswerKept>? byKey;
    private long characters = -1;

    /// <summary>In the order they came.</summary>
    public Queue<AnswerKept> Answers { get; init; } = new();

    public AnswerKept? Find(string key, DateTimeOffset now) => ByKey().TryGetValue(key, out var kept) && kept.Until > now ? kept : null;

    public void Apply(IdempotencyStoreEvent e)
    {
        if (e is not AnswerKept kept)
        {
            return;
        }

        ByKey()[kept.Key] = kept;
        Answers.Enqueue(kept);
        characters += Size(kept);
        while (Answers.TryPeek(out var oldest) && (Answers.Count > AnswersMax || characters > CharactersMax || oldest.Until <= kept.Time))
        {
            Answers.Dequeue();
            characters -= Size(oldest);
            if (ReferenceEquals(ByKey().GetValueOrDefault(oldest.Key), oldest))
            {
                ByKey().Remove(oldest.Key);
            }
        }
    }

    private Dictionary<string, AnswerKept> ByKey()
    {
        if (byKey is null)
        {
            byKey = new Dictionary<string, AnswerKept>(StringComparer.Ordinal);
            characters = 0;
            foreach (var kept in Answers)
            {
                byKey[kept.Key] = kept;
                characters += Size(kept);
            }
        }

        return byKey;
    }

    private static long Size(AnswerKept kept) => 300 + kept.Answer.Body.Length;
}
