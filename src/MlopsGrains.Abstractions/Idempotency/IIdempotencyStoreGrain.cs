namespace MlopsGrains.Idempotency;

/// <summary>
/// Remembers how requests with an idempotency key were answered. There are <see cref="Count"/> of them; <see cref="StoreOf"/> says which one holds a key. A key is
/// 64 lower-case hex digits and already says who asked for what; the gateway makes it.
/// </summary>
[GrainInterfaceType("answer-book")]
public interface IIdempotencyStoreGrain : IGrainWithStringKey
{
    /// <summary>Longest key that a client sends, in printable ASCII characters.</summary>
    const int SentKeyLengthMax = 255;

    /// <summary>How many books there are.</summary>
    const int Count = 64;

    /// <summary>The grain key of the store that holds <paramref name="key"/>.</summary>
    static string StoreOf(string key) => (Convert.ToInt32(key[..2], 16) % Count).ToString("x2", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>
    /// Asks for the answer of a request; while another caller works on it, waits for that up to 15 s. <see cref="AnswerTurn.Yours"/> obliges to <see cref="Keep"/>
    /// or <see cref="Leave"/> within a minute; then the next caller gets the turn.
    /// </summary>
    [Alias("Enter")]
    Task<AnswerEntry> Enter(string key, string bodyDigest, CancellationToken cancellationToken = default);

    /// <summary>Keeps an answer for <paramref name="retention"/>, durably; earlier when the store is full (4,000 answers, 16 million characters), the oldest first.</summary>
    [Alias("Keep")]
    Task Keep(string key, string bodyDigest, Answer answer, TimeSpan retention, CancellationToken cancellationToken = default);

    /// <summary>The request was refused or failed: whoever asks next may try.</summary>
    [Alias("Leave")]
    Task Leave(string key, CancellationToken cancellationToken = default);
}

/// <summary>What a caller of <see cref="IIdempotencyStoreGrain.Enter"/> has to do.</summary>
public enum AnswerTurn
{
    /// <summary>Answer the request.</summary>
    Yours = 0,

    /// <summary>Give the kept answer.</summary>
    Answered = 1,

    /// <summary>Refuse: the key was used with another body.</summary>
    OtherBody = 2,

    /// <summary>Ask to come again: another caller still works on it.</summary>
    Busy = 3,
}

/// <param name="Turn">What to do.</param>
/// <param name="Answer">The kept answer.</param>
[GenerateSerializer, Immutable, Alias("mlops.AnswerEntry")]
public sealed record AnswerEntry([property: Id(0)] AnswerTurn Turn, [property: Id(1)] Answer? Answer = null);

/// <summary>An HTTP answer.</summary>
[GenerateSerializer, Immutable, Alias("mlops.Answer")]
public sealed record Answer(
    [property: Id(0)] int Status, [property: Id(1)] string? ContentType, [property: Id(2)] string? Location, [property: Id(3)] string Body);
