using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MlopsGrains.Gateway.Access;

/// <summary>Puts an <see cref="AccessGate"/> before every endpoint for users. Nothing is asked of administrators and API keys.</summary>
internal sealed class AccessMiddleware(RequestDelegate next, Accounts accounts, Owners owners)
{
    public Task InvokeAsync(HttpContext context) =>
        context.Features.Get<Caller>() is { MayAll: false } caller && context.GetEndpoint() is RouteEndpoint endpoint
            ? EnterAsync(context, new AccessGate(caller, endpoint, accounts, owners))
            : next(context);

    private async Task EnterAsync(HttpContext context, AccessGate gate)
    {
        context.Features.Set(gate);
        await gate.EnterAsync(context);
        context.Response.OnStarting(CheckAsync, (context, gate));
        await next(context);
    }

    /// <summary>Nothing is answered by a handler that did not ask; a refusal may come before it does.</summary>
    private static Task CheckAsync(object state)
    {
        var (context, gate) = ((HttpContext, AccessGate))state;
        return context.Response.StatusCode >= StatusCodes.Status400BadRequest || gate.IsFullyAsked
            ? Task.CompletedTask
            : throw new InvalidOperationException($"{context.GetEndpoint()} answered without having asked what its caller may.");
    }
}
