using System.Net;
using System.Text;

namespace MlopsGrains.Client.Tests;

/// <summary>A gateway that says what the test wants and remembers what it was asked. Answers are used in turn; the last one stays.</summary>
internal sealed class StubGateway : HttpMessageHandler
{
    private readonly Queue<Func<StubRequest, HttpResponseMessage>> answers = new();
    private readonly Lock sync = new();
    private readonly List<StubRequest> requests = [];

    public IReadOnlyList<StubRequest> Requests
    {
        get
        {
            lock (sync)
            {
                return [.. requests];
            }
        }
    }

    public StubGateway Then(Func<StubRequest, HttpResponseMessage> answer)
    {
        answers.Enqueue(answer);
        return this;
    }

    public StubGateway Then(HttpStatusCode status, string body = "{}", string? retryAfter = null) => Then(_ => Answer(status, body, retryAfter));

    public StubGateway ThenFails(HttpRequestError error) => Then(_ => throw new HttpRequestException(error, "The connection broke."));

    public static HttpResponseMessage Answer(HttpStatusCode status, string body = "{}", string? retryAfter = null)
    {
        var response = new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (retryAfter is not null)
        {
            response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
        }

        return response;
    }

    /// <summary>A client of this gateway. Waits pass at once and are remembered by <paramref name="time"/>.</summary>
    public MlopsGrainsClient Connect(TimeProvider? time = null, double jitter = 0, Action<MlopsGrainsClientOptions>? configure = null)
    {
        var options = new MlopsGrainsClientOptions { BaseAddress = new Uri("http://gateway.test") };
        configure?.Invoke(options);
        return MlopsGrainsClient.Create(options, this, time ?? new ImpatientTime(), loggers: null, () => jitter);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        var seen = new StubRequest(request.Method.Method, request.RequestUri!.PathAndQuery, Encoding.UTF8.GetString(body), request.Headers.Authorization?.ToString(), request.Headers.TryGetValues("Idempotency-Key", out var key) ? key.Single() : null);
        lock (sync)
        {
            requests.Add(seen);
            return (answers.Count > 1 ? answers.Dequeue() : answers.Peek())(seen);
        }
    }
}

/// <param name="Method">Verb.</param>
/// <param name="Path">Path and query as sent.</param>
/// <param name="Body">As text.</param>
/// <param name="Authorization">The header.</param>
/// <param name="IdempotencyKey">The header.</param>
internal sealed record StubRequest(string Method, string Path, string Body, string? Authorization, string? IdempotencyKey);
