namespace MlopsGrains.Client.Http;

/// <summary>When a call may be sent again.</summary>
internal enum Repeat
{
    /// <summary>It would do its work twice.</summary>
    Never = 0,

    /// <summary>Only after an answer that promises that nothing was done (429, 503).</summary>
    WhenRefused = 1,

    /// <summary>Doing it twice is like doing it once.</summary>
    Always = 2,
}

/// <summary>One call of the gateway, which may take several attempts.</summary>
/// <param name="Method">Verb.</param>
/// <param name="Path">Relative to the base address, escaped.</param>
/// <param name="Repeat">When it may be sent again.</param>
/// <param name="Content">Makes the body anew for each attempt.</param>
/// <param name="StreamsAnswer">Whether the answer is read by the caller.</param>
/// <param name="StreamsBody">Whether the body may take any time.</param>
/// <param name="IdempotencyKey">Makes a repeat get the first answer: with it, doing a creation twice is like doing it once.</param>
internal sealed record GatewayCall(
    HttpMethod Method,
    string Path,
    Repeat Repeat = Repeat.Always,
    Func<HttpContent>? Content = null,
    bool StreamsAnswer = false,
    bool StreamsBody = false,
    string? IdempotencyKey = null);
