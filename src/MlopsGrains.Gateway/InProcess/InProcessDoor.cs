using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace MlopsGrains.Gateway.InProcess;

/// <summary>
/// The HTTP door for callers in this very process, such as the web UI: requests run through everything that one from outside passes, without a socket. A call carries the
/// credentials of the request that it is made for, and is judged by them again; there is no second way in.
/// </summary>
public sealed class InProcessDoor(IServiceScopeFactory scopes)
{
    private RequestDelegate? pipeline;

    /// <summary>Sends requests as the caller of <paramref name="context"/>, until that request ends.</summary>
    public HttpMessageHandler For(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new InProcessHandler(pipeline ?? throw new InvalidOperationException("The gateway's pipeline is not built yet."), scopes, context);
    }

    /// <summary>Takes the pipeline as it is built.</summary>
    internal RequestDelegate Through(RequestDelegate next) => pipeline = next;
}
