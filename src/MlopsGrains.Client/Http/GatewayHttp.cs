using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Identity;

namespace MlopsGrains.Client.Http;

/// <summary>Sends calls to the gateway: attempts with a time limit, bounded repeats of what is safe to repeat, errors as <see cref="MlopsException"/>.</summary>
/// <param name="clients">Sends the requests.</param>
/// <param name="options">Where to, as whom, how often.</param>
/// <param name="ids">Idempotency keys.</param>
/// <param name="time">The clock.</param>
/// <param name="jitter">Between 0 and 1; random when <see langword="null"/>.</param>
/// <param name="proxyOf">Says which proxy is on the way to an address, if any.</param>
internal sealed class GatewayHttp(
    Func<HttpClient> clients, MlopsGrainsClientOptions options, IIdSource ids, TimeProvider time, Func<double>? jitter, Func<Uri, string?>? proxyOf = null)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);

    private static readonly ProductInfoHeaderValue Agent = new("MlopsGrains.Client", Assembly.GetExecutingAssembly().GetName().Version?.ToString(3) ?? "0.0.0");

    private readonly Func<double> jitter = jitter ?? Random.Shared.NextDouble;

    /// <summary>The user that the client signs in as, if it does.</summary>
    public string? SignsInAs => options.User;

    public string? Password => options.Password;

    public Uri BaseAddress { get; } = options.BaseAddress.AbsoluteUri.EndsWith('/') ? options.BaseAddress : new Uri(options.BaseAddress.AbsoluteUri + "/");

    public static Func<HttpContent> Json<T>(T body, JsonSerializerOptions? dialect = null) => JsonBytes(JsonSerializer.SerializeToUtf8Bytes(body, dialect ?? GatewayJson.Options));

    public static Func<HttpContent> JsonBytes(ReadOnlyMemory<byte> bytes) => () => new ReadOnlyMemoryContent(bytes) { Headers = { ContentType = new("application/json") } };

    public Task<T> GetAsync<T>(string path, CancellationToken cancellationToken) => ReadAsync<T>(new GatewayCall(HttpMethod.Get, path), cancellationToken);

    public async Task<T> ReadAsync<T>(GatewayCall call, CancellationToken cancellationToken, JsonSerializerOptions? dialect = null)
    {
        using var response = await SendAsync(call, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(body, dialect ?? GatewayJson.Options, cancellationToken) ?? throw NotUnderstood(call, "it is null");
        }
        catch (JsonException e)
        {
            throw NotUnderstood(call, e.Message);
        }
    }

    /// <summary>Creates something once, whatever number of attempts it takes.</summary>
    /// <param name="path">Where.</param>
    /// <param name="body">What.</param>
    /// <param name="idempotencyKey">The same key gives the same thing; one of its own when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="dialect">Of the answer; the native API's when <see langword="null"/>.</param>
    public Task<T> CreateAsync<T>(string path, Func<HttpContent> body, string? idempotencyKey, CancellationToken cancellationToken, JsonSerializerOptions? dialect = null) =>
        OnceAsync<T>(new GatewayCall(HttpMethod.Post, path, Repeat.Always, body, IdempotencyKey: idempotencyKey), cancellationToken, dialect);

    /// <summary>Has its effect once, whatever number of attempts it takes.</summary>
    public Task<T> OnceAsync<T>(GatewayCall call, CancellationToken cancellationToken, JsonSerializerOptions? dialect = null) =>
        ReadAsync<T>(call with { IdempotencyKey = call.IdempotencyKey ?? ids.NewId() }, cancellationToken, dialect);

    public async Task DoAsync(GatewayCall call, CancellationToken cancellationToken) => (await SendAsync(call, cancellationToken)).Dispose();

    public async Task<Stream> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var response = await SendAsync(new GatewayCall(HttpMethod.Get, path, StreamsAnswer: true), cancellationToken);
        return new ResponseStream(response, await response.Content.ReadAsStreamAsync(cancellationToken));
    }

    /// <summary>The answer, which is a success.</summary>
    public async Task<HttpResponseMessage> SendAsync(GatewayCall call, CancellationToken cancellationToken)
    {
        var unsure = false;
        for (var repeats = 0; ; repeats++)
        {
            var (response, failure) = await AttemptAsync(call, cancellationToken);
            if (failure is null)
            {
                return response!;
            }

            if (repeats >= options.RetryCountMax || call.Repeat < failure.RepeatableFrom || failure.RetryAfter > options.RetryDelayMax)
            {
                // "Busy, nothing was done" is said of the last attempt; one before it may have been done although its answer was lost.
                throw unsure && failure.Error.Kind == ErrorKind.Overloaded
                    ? MlopsException.Unavailable($"{failure.Error.Message} An earlier attempt got no answer and may have been done.")
                    : failure.Error;
            }

            unsure |= failure.RepeatableFrom == Repeat.Always;

            await Task.Delay(Delay(repeats, failure.RetryAfter), time, cancellationToken);
        }
    }

    /// <summary>What the server asks for is the least; jitter keeps many clients from coming back at the same moment.</summary>
    private TimeSpan Delay(int repeats, TimeSpan? retryAfter)
    {
        var backoff = Math.Min(FirstDelay.TotalMilliseconds * Math.Pow(2, repeats), options.RetryDelayMax.TotalMilliseconds);
        var wait = retryAfter is { } asked
            ? asked.TotalMilliseconds + (FirstDelay.TotalMilliseconds * jitter())
            : backoff * (0.5 + (0.5 * jitter()));
        return TimeSpan.FromMilliseconds(wait);
    }

    private async Task<(HttpResponseMessage? Response, Failure? Failure)> AttemptAsync(GatewayCall call, CancellationToken cancellationToken)
    {
        using var request = CreateRequest(call);
        using var timeout = new CancellationTokenSource(call.StreamsBody ? Timeout.InfiniteTimeSpan : options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            var completion = call.StreamsAnswer ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead;
            var response = await clients().SendAsync(request, completion, either.Token);
            if (response.IsSuccessStatusCode)
            {
                return (response, null);
            }

            using (response)
            {
                var error = GatewayError.Of(response.StatusCode, await response.Content.ReadAsStringAsync(either.Token), MayBeOfProxy(response.StatusCode) ? Proxy() : null);
                return (null, new Failure(error, RepeatableFrom(response.StatusCode), RetryAfter(response)));
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return (null, new Failure(MlopsException.Unavailable($"No answer from {BaseAddress}{Through()} within {options.Timeout.TotalSeconds:0.###} s ({call.Method} {call.Path})."), Repeat.Always));
        }
        catch (HttpRequestException e)
        {
            var reason = e.InnerException is { } inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal) ? $"{e.Message} {inner.Message}" : e.Message;
            return (null, new Failure(MlopsException.Unavailable($"Cannot reach {BaseAddress}{Through()}: {reason}"), NeverSent(e) ? Repeat.WhenRefused : Repeat.Always));
        }
    }

    private HttpRequestMessage CreateRequest(GatewayCall call)
    {
        var request = new HttpRequestMessage(call.Method, new Uri(BaseAddress, call.Path)) { Content = call.Content?.Invoke() };
        request.Headers.UserAgent.Add(Agent);
        if (call.IdempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", call.IdempotencyKey);
        }

        request.Headers.Authorization = options.Authorization();
        return request;
    }

    private string? Proxy() => proxyOf?.Invoke(BaseAddress);

    private string Through() => Proxy() is { } proxy ? $" through {proxy} (an address that NO_PROXY holds goes direct)" : "";

    private static bool MayBeOfProxy(HttpStatusCode status) =>
        status is HttpStatusCode.ProxyAuthenticationRequired or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    private static bool NeverSent(HttpRequestException e) => e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError;

    private static Repeat RepeatableFrom(HttpStatusCode status) => status switch
    {
        HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => Repeat.WhenRefused,
        HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout or HttpStatusCode.RequestTimeout => Repeat.Always,
        _ => Failure.NotRepeatable,
    };

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date > time.GetUtcNow() ? date - time.GetUtcNow() : TimeSpan.Zero,
        _ => null,
    };

    private static MlopsException NotUnderstood(GatewayCall call, string why) =>
        new(ErrorKind.NotSupported, $"The answer to {call.Method} {call.Path} is not what this client version expects: {why}");

    /// <param name="Error">What to throw when it is not tried again.</param>
    /// <param name="RepeatableFrom">The least <see cref="Repeat"/> of a call that may be sent again after this.</param>
    /// <param name="RetryAfter">What the server asked for.</param>
    private sealed record Failure(MlopsException Error, Repeat RepeatableFrom, TimeSpan? RetryAfter = null)
    {
        public const Repeat NotRepeatable = Repeat.Always + 1;
    }
}
