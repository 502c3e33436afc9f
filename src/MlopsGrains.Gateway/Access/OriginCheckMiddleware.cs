using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using MlopsGrains.Gateway.Http;

namespace MlopsGrains.Gateway.Access;

/// <summary>
/// Keeps foreign web pages out. Without authentication the server trusts whoever reaches its loopback address, and a browser reaches it on behalf of any page:
/// by a cross-origin form or fetch (seen in <c>Origin</c>) or by DNS rebinding (seen in <c>Host</c>).
/// </summary>
internal sealed class OriginCheckMiddleware(RequestDelegate next, IOptions<GatewayOptions> options, IOptions<AuthenticationOptions> authentication)
{
    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Path == "/health" || request.Path == "/version")
        {
            return next(context);
        }

        if (!authentication.Value.IsConfigured && !IsKnown(request.Host.Host))
        {
            return RefuseAsync(context, "Invalid Host header: the server answers for loopback names only; add others to Gateway:AllowedHosts.");
        }

        return ChangesState(request.Method) && IsCrossOrigin(request)
            ? RefuseAsync(context, "Cross-origin request blocked.")
            : next(context);
    }

    private bool IsKnown(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address))
        || options.Value.AllowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase);

    private static bool ChangesState(string method) =>
        !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method);

    private static bool IsCrossOrigin(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        if (origin.Length == 0)
        {
            return request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site";
        }

        // A proxy may end TLS in front of us, so the scheme is not compared; host and port are.
        return !Uri.TryCreate(origin, UriKind.Absolute, out var from)
            || !string.Equals(from.Host, request.Host.Host, StringComparison.OrdinalIgnoreCase)
            || from.Port != (request.Host.Port ?? from.Port) || (request.Host.Port is null && !from.IsDefaultPort);
    }

    private static Task RefuseAsync(HttpContext context, string text)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
