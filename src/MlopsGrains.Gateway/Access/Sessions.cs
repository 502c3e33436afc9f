using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Access;

/// <summary>Somebody who signed in with a browser.</summary>
/// <param name="Id">Of this one sign-in.</param>
/// <param name="Name">The user, or the holder of a key.</param>
/// <param name="UserId"><see langword="null"/> for a key.</param>
/// <param name="Proof">What was proved, as a digest: the session ends when the password or the key is another one.</param>
/// <param name="Epoch">How often the user had signed out everywhere.</param>
/// <param name="Ends">When it ends for want of use, in Unix seconds.</param>
/// <param name="EndsAtLast">When it ends whatever happens.</param>
internal sealed record Session(string Id, string Name, long? UserId, string Proof, long Epoch, long Ends, long EndsAtLast);

/// <summary>
/// Sessions of browsers. A session is a cookie that only gateways can read, closed with a key that all of them share, so no gateway has to remember it; the accounts keep what was ended early.
/// A change needs the session's token besides, in a header that no other page can send.
/// </summary>
internal sealed class Sessions(Accounts accounts, ApiKeys keys, TimeProvider time, IOptions<AuthenticationOptions> options, IOptions<GatewayOptions> gateway)
{
    public const string Cookie = "mlops-session";

    /// <summary>Scripts of the product's pages read this one and send it along.</summary>
    public const string TokenCookie = "mlops-token";

    public const string TokenHeader = "X-Mlops-Token";

    private const int CookieLengthLimit = 2048;

    private byte[]? sealKey;

    /// <summary>Signs a browser in as a caller who has proved it.</summary>
    public async Task BeginAsync(HttpContext context, Caller caller, CancellationToken cancellationToken)
    {
        var user = caller.UserId is null ? null : await accounts.FindUser(caller.Name, fresh: false, cancellationToken);
        var now = time.GetUtcNow();
        var last = now + options.Value.SessionMax;
        var session = new Session(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)), caller.Name, caller.UserId, ProofOf(user, caller.Name), user?.SessionEpoch ?? 0, 0, last.ToUnixTimeSeconds());
        await GiveAsync(context, session, now, cancellationToken);
    }

    /// <summary>The caller that a request's cookie proves, if it does still.</summary>
    public async ValueTask<(Caller? Caller, Session? Session)> FindAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Request.Cookies[Cookie] is not { Length: > 0 and <= CookieLengthLimit } cookie || await OpenAsync(cookie, cancellationToken) is not { } session)
        {
            return default;
        }

        var now = time.GetUtcNow();
        if (now.ToUnixTimeSeconds() >= Math.Min(session.Ends, session.EndsAtLast) || await accounts.IsEnded(session.Id, cancellationToken))
        {
            return default;
        }

        var caller = session.UserId is null ? KeyOf(session) : await UserOfAsync(session, cancellationToken);
        if (caller is not null && session.Ends - now.ToUnixTimeSeconds() < options.Value.SessionIdle.TotalSeconds / 2)
        {
            await GiveAsync(context, session, now, cancellationToken);
        }

        return (caller, session);
    }

    /// <summary>Whether a request carries its session's token.</summary>
    public async ValueTask<bool> HasTokenAsync(HttpContext context, Session session, CancellationToken cancellationToken)
    {
        var expected = Encoding.UTF8.GetBytes(TokenOf(session, await KeyAsync(cancellationToken)));
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers[TokenHeader].ToString()), expected);
    }

    /// <summary>Ends this one sign-in, also for whoever has a copy of its cookie.</summary>
    public async Task EndAsync(HttpContext context, Session? session, CancellationToken cancellationToken)
    {
        if (session is not null)
        {
            await accounts.Grain.EndSession(session.Id, DateTimeOffset.FromUnixTimeSeconds(session.EndsAtLast), cancellationToken);
            await accounts.ReadAgain(cancellationToken);
        }

        Take(context);
    }

    /// <summary>Ends every sign-in of a user.</summary>
    public async Task EndAllAsync(HttpContext context, string user, CancellationToken cancellationToken)
    {
        await accounts.Grain.EndSessions(user, cancellationToken);
        await accounts.ReadAgain(cancellationToken);
        Take(context);
    }

    private Caller? KeyOf(Session session) => session.Proof == ProofOf(null, session.Name) ? new Caller(session.Name, null, MayAll: true) : null;

    private async ValueTask<Caller?> UserOfAsync(Session session, CancellationToken cancellationToken) =>
        await accounts.FindUser(session.Name, fresh: false, cancellationToken) is { } user && user.Id == session.UserId && user.SessionEpoch == session.Epoch && session.Proof == ProofOf(user, session.Name)
            ? new Caller(user.Name, user.Id, user.IsAdministrator)
            : null;

    private string ProofOf(UserEntry? user, string name) => Convert.ToHexStringLower(SHA256.HashData(user is null
        ? keys.DigestOf(name) ?? []
        : Encoding.UTF8.GetBytes($"{user.Password.Salt} {user.Password.Hash}")).AsSpan(0, 16));

    private async Task GiveAsync(HttpContext context, Session session, DateTimeOffset now, CancellationToken cancellationToken)
    {
        session = session with { Ends = Math.Min((now + options.Value.SessionIdle).ToUnixTimeSeconds(), session.EndsAtLast) };
        var key = await KeyAsync(cancellationToken);
        var (cookies, ends) = (context.Response.Cookies, DateTimeOffset.FromUnixTimeSeconds(session.Ends));
        cookies.Append(Cookie, Sealing.Close(JsonSerializer.SerializeToUtf8Bytes(session), key), Rules(context, ends, httpOnly: true));
        cookies.Append(TokenCookie, TokenOf(session, key), Rules(context, ends, httpOnly: false));
    }

    private void Take(HttpContext context)
    {
        context.Response.Cookies.Delete(Cookie, Rules(context, null, httpOnly: true));
        context.Response.Cookies.Delete(TokenCookie, Rules(context, null, httpOnly: false));
    }

    private CookieOptions Rules(HttpContext context, DateTimeOffset? ends, bool httpOnly) => new()
    {
        HttpOnly = httpOnly, SameSite = SameSiteMode.Lax, Path = "/", Expires = ends, IsEssential = true,
        Secure = context.Request.IsHttps || gateway.Value.PublicUrl?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true,
    };

    private static string TokenOf(Session session, byte[] key) => Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes("token " + session.Id)));

    private async ValueTask<Session?> OpenAsync(string cookie, CancellationToken cancellationToken)
    {
        try
        {
            return Sealing.Open(cookie, await KeyAsync(cancellationToken)) is { } plain ? JsonSerializer.Deserialize<Session>(plain) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Page tokens are closed with the same secret; neither can stand for the other.</summary>
    private async ValueTask<byte[]> KeyAsync(CancellationToken cancellationToken) =>
        sealKey ??= HKDF.DeriveKey(HashAlgorithmName.SHA256, Convert.FromBase64String(await accounts.Grain.SealKey(cancellationToken)), 32, info: "sessions"u8.ToArray());
}
