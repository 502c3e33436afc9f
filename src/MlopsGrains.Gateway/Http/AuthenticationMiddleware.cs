using System.Security.Claims;
using MlopsGrains.Identity;
using Microsoft.AspNetCore.Http;

namespace MlopsGrains.Gateway.Http;

/// <summary>Marks an endpoint whose address carries a key of its own, made for one purpose and checked by the endpoint, so that no other credentials are asked for.</summary>
internal sealed record CarriesItsKey;

/// <summary>Lets in who holds a key, and says who asks to everything behind.</summary>
internal sealed class AuthenticationMiddleware(RequestDelegate next, ApiKeys keys)
{
    /// <summary>The actor when no authentication is configured.</summary>
    public const string Local = "local";

    public Task InvokeAsync(HttpContext context)
    {
        if (!keys.AreConfigured || context.Request.Path == "/health" || context.GetEndpoint()?.Metadata.GetMetadata<CarriesItsKey>() is not null)
        {
            Actor.Current = Local;
            return next(context);
        }

        if (keys.FindHolder(context.Request.Headers.Authorization.ToString()) is not { } holder)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"mlflow\"";
            context.Response.ContentType = "text/plain; charset=utf-8";
            return context.Response.WriteAsync(
                "You are not authenticated. Send an API key as a bearer token or as the password of basic authentication.", context.RequestAborted);
        }

        Actor.Current = holder;
        context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, holder)], "ApiKey"));
        return next(context);
    }
}
