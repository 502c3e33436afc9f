using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MlopsGrains.Web.Pages;

/// <summary>
/// Answers an address with a component, rendered once: no circuit, no state on the server between two requests. What moves on a page is a script that fetches from the API, or a
/// part of the page in the same way.
/// </summary>
internal static class PageRoutes
{
    /// <summary>Nothing from anywhere else, no script and no style but the UI's own files, and nobody frames it.</summary>
    public const string Policy = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>A whole page, or a part that is fetched alone.</summary>
    public static IEndpointConventionBuilder MapPage<TPage>(this IEndpointRouteBuilder endpoints, string route)
        where TPage : IComponent =>
        endpoints.MapGet(route, AnswerAsync<TPage>).ExcludeFromDescription();

    public static Task AnswerAsync<TPage>(HttpContext context)
        where TPage : IComponent => AnswerAsync<TPage>(context, StatusCodes.Status200OK);

    /// <param name="context">The request.</param>
    /// <param name="status">Unless the page says another one.</param>
    public static async Task AnswerAsync<TPage>(HttpContext context, int status)
        where TPage : IComponent
    {
        var services = context.RequestServices;
        var page = services.GetRequiredService<PageContext>();
        page.Open(context);
        string html;
        try
        {
            await page.EnterAsync();
            html = await RenderAsync<TPage>(services);
        }
        catch (ApiRefusal refusal) when (refusal.AsksForSignIn)
        {
            context.Response.Redirect($"/sign-in?return={Uri.EscapeDataString(page.PathAndQuery)}");
            return;
        }

        await WriteAsync(context, html, page.Status == StatusCodes.Status200OK ? status : page.Status);
    }

    public static async Task<string> RenderAsync<TPage>(IServiceProvider services, IDictionary<string, object?>? parameters = null)
        where TPage : IComponent
    {
        await using var renderer = new HtmlRenderer(services, services.GetRequiredService<ILoggerFactory>());
        return await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<TPage>(parameters is null ? ParameterView.Empty : ParameterView.FromDictionary(parameters))).ToHtmlString());
    }

    public static Task WriteAsync(HttpContext context, string html, int status)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XFrameOptions = "DENY";
        response.Headers["Referrer-Policy"] = "same-origin";
        response.Headers.CacheControl = "private, no-cache";
        response.Headers.Vary = "Accept-Encoding, Cookie";
        return context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal) ? WriteBrotliAsync(context, html) : response.WriteAsync(html, context.RequestAborted);
    }

    /// <summary>A page holds no secret that its length could tell: a session and its token are cookies.</summary>
    private static async Task WriteBrotliAsync(HttpContext context, string html)
    {
        var plain = Encoding.UTF8.GetBytes(html);
        var packed = new byte[BrotliEncoder.GetMaxCompressedLength(plain.Length)];
        if (!BrotliEncoder.TryCompress(plain, packed, out var length, quality: 4, window: 20))
        {
            throw new InvalidDataException("Brotli failed.");
        }

        context.Response.Headers.ContentEncoding = "br";
        context.Response.ContentLength = length;
        await context.Response.Body.WriteAsync(packed.AsMemory(0, length), context.RequestAborted);
    }
}
