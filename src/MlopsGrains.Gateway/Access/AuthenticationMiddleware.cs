using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Access;

/// <summary>Lets in who holds a key, knows a user's password or has signed a browser in, and says who asks to everything behind.</summary>
internal sealed class AuthenticationMiddleware(RequestDelegate next, ApiKeys keys, UserPasswords users, Sessions sessions, IOptions<AuthenticationOptions> options)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (!options.Value.IsConfigured || IsOpen(context.GetEndpoint()?.Metadata))
        {
            Actor.Current = Actor.Local;
            return next(context);
        }

        var authorization = context.Request.Headers.Authorization.ToString();
        if (authorization.Length == 0 && context.Request.Cookies.ContainsKey(Sessions.Cookie))
        {
            return EnterBySessionAsync(context);
        }

        if (keys.FindHolder(authorization) is { } holder)
        {
            return EnterAsync(context, new Caller(holder, null, MayAll: true));
        }

        return options.Value.Administrator is null || authorization.Length == 0 ? RefuseAsync(context) : EnterAsUserAsync(context, authorization);
    }

    private static bool IsOpen(EndpointMetadataCollection? endpoint) =>
        endpoint is not null && (endpoint.GetMetadata<CarriesItsKey>() is not null || endpoint.GetMetadata<OpenToAll>() is not null);

    private async Task EnterAsUserAsync(HttpContext context, string authorization)
    {
        var (user, wait) = await users.FindAsync(authorization, context.Connection.RemoteIpAddress, context.RequestAborted);
        if (wait is { } some)
        {
            throw TooManyGuesses(context, some);
        }

        await (user is null ? RefuseAsync(context) : EnterAsync(context, new Caller(user.Name, user.Id, user.IsAdministrator)));
    }

    private async Task EnterBySessionAsync(HttpContext context)
    {
        var (caller, session) = await sessions.FindAsync(context, context.RequestAborted);
        if (caller is null)
        {
            await RefuseAsync(context);
            return;
        }

        if (OriginCheckMiddleware.ChangesState(context.Request.Method) && !await sessions.HasTokenAsync(context, session!, context.RequestAborted))
        {
            throw MlopsException.Denied($"A change by a browser's session needs its token: the value of the cookie {Sessions.TokenCookie} in the header {Sessions.TokenHeader}.");
        }

        context.Features.Set(session);
        await EnterAsync(context, caller);
    }

    private Task EnterAsync(HttpContext context, Caller caller)
    {
        Actor.Current = caller.Name;
        context.Features.Set(caller);
        return next(context);
    }

    /// <summary>The refusal of a guess that was not looked at.</summary>
    public static MlopsException TooManyGuesses(HttpContext context, TimeSpan wait)
    {
        context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return MlopsException.Overloaded("Too many wrong passwords for this user or from this address within a minute; try again later.");
    }

    /// <summary>A browser is led to where its reader signs in, and a script of a page is told; neither is to open the browser's own box for names and passwords.</summary>
    private static Task RefuseAsync(HttpContext context)
    {
        var fetch = context.Request.Headers["Sec-Fetch-Mode"].ToString();
        if (fetch == "navigate" && HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Redirect($"/sign-in?return={Uri.EscapeDataString(context.Request.Path + context.Request.QueryString)}");
            return Task.CompletedTask;
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        if (fetch.Length == 0)
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"mlflow\"";
        }

        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(
            "You are not authenticated. Send a user's name and password by basic authentication, or an API key as a bearer token or as the password of basic authentication.",
            context.RequestAborted);
    }
}
