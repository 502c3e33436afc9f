using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using MlopsGrains.Gateway.Http;

namespace MlopsGrains.Gateway.Access;

/// <summary>
/// Keeps foreign web pages out. A browser reaches the server on behalf of any page: by a cross-origin form or fetch (seen in <c>Origin</c> and <c>Sec-Fetch-Site</c>), or by a name
/// that its owner lets point here (seen in <c>Host</c>). So it answers to its own names only. A bare address is nobody's name: where callers are asked who they are, any is fine; on a
/// laptop, where nobody is asked, loopback ones are.
/// </summary>
internal sealed class OriginCheckMiddleware(RequestDelegate next, IOptions<GatewayOptions> options, IOptions<AuthenticationOptions> authentication)
{
    private readonly Uri? publicUrl = options.Value.PublicUrl is { } url ? new Uri(url) : null;

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Path == "/health" || request.Path == "/version")
        {
            return next(context);
        }

        if (!IsKnown(request.Host.Host))
        {
            return RefuseAsync(context, "Invalid Host header: the server answers to loopback names, Gateway:PublicUrl and Gateway:AllowedHosts; add the name that you reach it by to Gateway:AllowedHosts.");
        }

        return ChangesState(request.Method) && IsCrossOrigin(request)
            ? RefuseAsync(context, "Cross-origin request blocked.")
            : next(context);
    }

    private bool IsKnown(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && (authentication.Value.IsConfigured || IPAddress.IsLoopback(address)))
        || string.Equals(host, publicUrl?.Host, StringComparison.OrdinalIgnoreCase)
        || options.Value.AllowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether requests of a method may change something.</summary>
    public static bool ChangesState(string method) =>
        !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method);

    private bool IsCrossOrigin(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site")
        {
            return true;
        }

        var origin = request.Headers.Origin.ToString();
        if (origin.Length == 0)
        {
            return false;
        }

        // A proxy may end TLS in front of us, so the scheme is not compared; host and port are.
        return !Uri.TryCreate(origin, UriKind.Absolute, out var from)
            || (!IsPublic(from) && !IsSame(from, request.Host));
    }

    private bool IsPublic(Uri from) => publicUrl is not null && string.Equals(from.Authority, publicUrl.Authority, StringComparison.OrdinalIgnoreCase);

    private static bool IsSame(Uri from, HostString host) =>
        string.Equals(from.Host, host.Host, StringComparison.OrdinalIgnoreCase) && from.Port == (host.Port ?? from.Port) && (host.Port is not null || from.IsDefaultPort);

    private static Task RefuseAsync(HttpContext context, string text)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
