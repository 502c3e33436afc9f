using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using MlopsGrains.Errors;

namespace MlopsGrains.Gateway.Http;

/// <summary>
/// The path as the client sent it. The server's own view has dot segments removed and most escapes decoded already, which is too late to see a traversal and
/// one decoding too many for a file name.
/// </summary>
internal static class RequestTarget
{
    /// <summary>The still encoded path, without the query; the decoded one where a server keeps no raw target.</summary>
    public static string RawPath(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget;
        if (string.IsNullOrEmpty(target))
        {
            return context.Request.Path.Value ?? "/";
        }

        if (target[0] != '/' && target.IndexOf("://", StringComparison.Ordinal) is var scheme and >= 0)
        {
            var path = target.IndexOf('/', scheme + 3);
            target = path < 0 ? "/" : target[path..];
        }

        if (target[0] != '/')
        {
            // OPTIONS * and CONNECT host:port have no path.
            return "/";
        }

        var query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? target : target[..query];
    }

    /// <summary>What follows the first <paramref name="segments"/> segments of the path, decoded once.</summary>
    public static string Rest(HttpContext context, int segments)
    {
        var raw = RawPath(context);
        var at = 0;
        for (var i = 0; i <= segments; i++)
        {
            at = raw.IndexOf('/', at) + 1;
            if (at == 0)
            {
                return "";
            }
        }

        return Uri.UnescapeDataString(raw[at..]);
    }
}

/// <summary>
/// Refuses paths that climb, in plain, encoded or twice encoded form, before routing's tidied view of them reaches an endpoint. A path that begins with slashes in a row, as a base URL with
/// a slash at its end makes it, is sent to the one that was meant.
/// </summary>
internal sealed class RequestTargetMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var path = RequestTarget.RawPath(context);
        if (path.Contains("/.", StringComparison.Ordinal) || path.AsSpan().ContainsAny('%', '\\'))
        {
            Check(path, decodings: 2);
        }

        if (path.StartsWith("//", StringComparison.Ordinal) && path.TrimStart('/') is { Length: > 0 } meant)
        {
            context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
            context.Response.Headers.Location = "/" + meant + context.Request.QueryString;
            return Task.CompletedTask;
        }

        return next(context);
    }

    private static void Check(string path, int decodings)
    {
        if (path.AsSpan().ContainsAny('\\', '\0') || path.Split('/').Any(s => s is "." or ".."))
        {
            throw MlopsException.Invalid("path", "Invalid path: '.' and '..' segments, backslashes and NUL are not allowed, in any encoding.");
        }

        var decoded = decodings > 0 ? Uri.UnescapeDataString(path) : path;
        if (decoded != path)
        {
            Check(decoded, decodings - 1);
        }
    }
}
