using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Idempotency;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Idempotency;

/// <summary>Marks an endpoint that creates something, whose answer is given again when a request comes again with the same <c>Idempotency-Key</c>.</summary>
/// <param name="Guessed">Whether a request without a key that is equal to another one may be taken for its repeat, where the operator asked for that.</param>
/// <param name="KnownByKey">Whether the thing itself tells the repeat by its key: nothing of the body is read ahead or kept, because it is a long stream or holds a password.</param>
internal sealed record Creates(bool Guessed = false, bool KnownByKey = false);

/// <summary>The id that a request which may come again gives to what it creates.</summary>
internal sealed record CreationId(string Value);

internal static class Idempotency
{
    /// <inheritdoc cref="Creates"/>
    public static TBuilder CreatesOnce<TBuilder>(this TBuilder builder, bool guessed = false, bool knownByKey = false)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new Creates(guessed, knownByKey));

    /// <summary>An id for what the request creates: the same one when the request comes again with its key.</summary>
    public static string NewId(this HttpContext context) =>
        context.Features.Get<CreationId>()?.Value ?? (UnusedId.Current = context.RequestServices.GetRequiredService<IIdSource>().NewId());
}

/// <summary>
/// Answers a repeated creation as the first time. The key counts for one principal and one address; what is created gets an id made from it, so that a crash
/// between the creation and the keeping of its answer creates nothing twice.
/// </summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next, IGrainFactory grains, IOptions<GatewayOptions> options)
{
    private const string Header = RequestKey.Header;

    /// <summary>Longer answers are not kept: the repeat finds what was created by its id and is answered from that.</summary>
    private const int AnswerBytesMax = 64 * 1024;

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<Creates>() is not { } creates)
        {
            return next(context);
        }

        if (context.Request.Headers.TryGetValue(Header, out var key))
        {
            var sent = Check(key.ToString());
            return creates.KnownByKey ? NamedAsync(context, KeyOf(context, sent)) : OnceAsync(context, sent, options.Value.IdempotencyRetention);
        }

        return creates.Guessed && options.Value.RepeatedRunWindow > TimeSpan.Zero
            ? OnceAsync(context, null, options.Value.RepeatedRunWindow)
            : next(context);
    }

    private static string Check(string key) =>
        key.Length is >= 1 and <= IIdempotencyStoreGrain.SentKeyLengthMax && key.All(c => c is >= ' ' and <= '~')
            ? key
            : throw MlopsException.Invalid(Header, $"{Header} must have 1 to {IIdempotencyStoreGrain.SentKeyLengthMax} printable ASCII characters; it has {key.Length} characters.");

    /// <param name="context">The request.</param>
    /// <param name="sent">The key, or <see langword="null"/> when body and address of the caller stand for one.</param>
    /// <param name="retention">How long the answer is kept.</param>
    private async Task OnceAsync(HttpContext context, string? sent, TimeSpan retention)
    {
        var request = context.Request;
        var bodyDigest = Digest(await TakeBodyAsync(request), request.QueryString.Value);
        var key = KeyOf(context, sent ?? $"{bodyDigest} from {context.Connection.RemoteIpAddress}");
        var store = grains.GetGrain<IIdempotencyStoreGrain>(IIdempotencyStoreGrain.StoreOf(key));
        var entry = await store.Enter(key, bodyDigest, context.RequestAborted);
        switch (entry.Turn)
        {
            case AnswerTurn.Answered:
                context.Features.Get<AccessGate>()?.PassAsAnsweredBefore();
                await GiveAgainAsync(context.Response, entry.Answer!);
                return;
            case AnswerTurn.OtherBody:
                throw RequestKey.UsedBefore();
            case AnswerTurn.Busy:
                throw MlopsException.Overloaded($"The first request with this {Header} is still being answered; try again.");
            default:
                break;
        }

        if (sent is not null)
        {
            Name(context, key);
        }

        await AnswerAsync(context, store, key, bodyDigest, retention);
    }

    private async Task NamedAsync(HttpContext context, string key)
    {
        Name(context, key);
        await next(context);
    }

    private static void Name(HttpContext context, string key)
    {
        context.Features.Set(new CreationId(key[..32]));
        RequestKey.Current = key;
    }

    private static string KeyOf(HttpContext context, string sent)
    {
        var path = context.Request.Path.Value!.StartsWith("/ajax-api/", StringComparison.Ordinal) ? context.Request.Path.Value[6..] : context.Request.Path.Value[1..];
        return Digest([], $"{context.Features.Get<Caller>()?.Principal ?? Actor.Current}\n{context.Request.Method} {path}\n{sent}");
    }

    private async Task AnswerAsync(HttpContext context, IIdempotencyStoreGrain store, string key, string bodyDigest, TimeSpan retention)
    {
        var response = context.Response;
        var body = response.Body;
        using var written = new MemoryStream();
        try
        {
            response.Body = written;
            await next(context);
            await response.BodyWriter.FlushAsync(CancellationToken.None);
            response.Body = body;
        }
        catch
        {
            response.Body = body;
            await store.Leave(key, CancellationToken.None);
            throw;
        }

        var bytes = written.ToArray();
        if (response.StatusCode is >= 200 and < 300 && bytes.Length <= AnswerBytesMax)
        {
            var answer = new Answer(response.StatusCode, response.ContentType, response.Headers.Location, Encoding.UTF8.GetString(bytes));
            await store.Keep(key, bodyDigest, answer, retention, CancellationToken.None);
        }
        else
        {
            await store.Leave(key, CancellationToken.None);
        }

        response.ContentLength = bytes.Length;
        await body.WriteAsync(bytes, context.RequestAborted);
    }

    private static Task GiveAgainAsync(HttpResponse response, Answer answer)
    {
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        if (answer.Location is not null)
        {
            response.Headers.Location = answer.Location;
        }

        response.Headers["Idempotency-Replayed"] = "true";
        return response.WriteAsync(answer.Body, response.HttpContext.RequestAborted);
    }

    /// <summary>Reads the body, within its limit, and puts it back for the endpoint.</summary>
    private static async Task<byte[]> TakeBodyAsync(HttpRequest request)
    {
        var bytes = await RequestBody.ReadAsync(request, static body => body.ToArray(), request.HttpContext.RequestAborted);
        request.Body = new MemoryStream(bytes, writable: false);
        return bytes;
    }

    private static string Digest(byte[] bytes, string? text)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{bytes.Length}\n{text}\n")));
        hash.AppendData(bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
