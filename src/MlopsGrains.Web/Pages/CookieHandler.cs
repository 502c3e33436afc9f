using Microsoft.AspNetCore.Http;

namespace MlopsGrains.Web.Pages;

/// <summary>
/// Hands on the cookies that the API sets, such as a session's new ones when it is used, and sends the session's token along: pages are asked for by GET and change nothing, but some of what they
/// read, such as a search, is asked of the API by POST.
/// </summary>
internal sealed class CookieHandler(HttpContext context, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (context.Request.Cookies["mlops-token"] is { Length: > 0 } token)
        {
            request.Headers.TryAddWithoutValidation("X-Mlops-Token", token);
        }

        var answer = await base.SendAsync(request, cancellationToken);
        if (answer.Headers.TryGetValues("Set-Cookie", out var cookies) && !context.Response.HasStarted)
        {
            foreach (var cookie in cookies)
            {
                context.Response.Headers.Append("Set-Cookie", cookie);
            }
        }

        return answer;
    }
}
