using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.OpenApi;

namespace MlopsGrains.Gateway.Identity;

/// <summary>Signing in with a browser. It exists where callers are asked who they are.</summary>
internal static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder endpoints)
    {
        if (!endpoints.ServiceProvider.GetRequiredService<IOptions<AuthenticationOptions>>().Value.IsConfigured)
        {
            return;
        }

        var identity = endpoints.MapNative("Identity");
        identity.MapPost("/session", Begin).RequiresNothing().WithName("BeginSession")
            .WithSummary("Signs a browser in by a user's name and password, or by an API key: answers who it is and sets its cookies. A change that the cookie signs needs the value of the cookie mlops-token in the header X-Mlops-Token.")
            .WithExample("""{"name":"ada","password":"correct horse battery"}""");
        identity.MapDelete("/session", End).RequiresSignIn().WithName("EndSession").WithSummary("Signs this browser out; copies of its cookie are worth nothing from then on.");
        identity.MapDelete("/sessions", EndAll).RequiresSignIn().WithName("EndSessions").WithSummary("Signs the user who asks out of every browser.");
    }

    private static async Task<Ok<CallerEndpoints.CallerView>> Begin(Credentials body, HttpContext context, ApiKeys keys, UserPasswords users, Sessions sessions, CancellationToken cancellationToken)
    {
        var caller = body.Key is { Length: > 0 } key
            ? keys.FindHolder("Bearer " + key) is { } holder ? new Caller(holder, null, MayAll: true) : null
            : await ByPasswordAsync(body, context, users, cancellationToken);
        if (caller is null)
        {
            // Not 401: nobody is to be asked again by a box of the browser's own. Which part was wrong is not told.
            throw MlopsException.Invalid("password", "The name, password or key is not right.");
        }

        await sessions.BeginAsync(context, caller, cancellationToken);
        return TypedResults.Ok(CallerEndpoints.View(caller));
    }

    private static async Task<Caller?> ByPasswordAsync(Credentials body, HttpContext context, UserPasswords users, CancellationToken cancellationToken)
    {
        if (context.RequestServices.GetRequiredService<IOptions<AuthenticationOptions>>().Value.Administrator is null)
        {
            return null;
        }

        var (user, wait) = await users.FindAsync(BasicCredentials.Write(body.Name ?? "", body.Password ?? ""), context.Connection.RemoteIpAddress, cancellationToken);
        return wait is { } some ? throw AuthenticationMiddleware.TooManyGuesses(context, some)
            : user is null ? null
            : new Caller(user.Name, user.Id, user.IsAdministrator);
    }

    private static async Task<NoContent> End(HttpContext context, Sessions sessions, CancellationToken cancellationToken)
    {
        await sessions.EndAsync(context, context.Features.Get<Session>(), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> EndAll(HttpContext context, Sessions sessions, CancellationToken cancellationToken)
    {
        if (context.Features.Get<Caller>() is { UserId: not null } user)
        {
            await sessions.EndAllAsync(context, user.Name, cancellationToken);
        }
        else
        {
            // A key's sessions cannot be told apart from those of another who holds it; they end with the key.
            await sessions.EndAsync(context, context.Features.Get<Session>(), cancellationToken);
        }

        return TypedResults.NoContent();
    }

    /// <param name="Name">The user; with <paramref name="Password"/>.</param>
    /// <param name="Password">The user's.</param>
    /// <param name="Key">An API key, in place of both.</param>
    internal sealed record Credentials(string? Name = null, string? Password = null, string? Key = null);
}
