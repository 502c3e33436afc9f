using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Identity;

/// <summary>Signing in. It works without a script, so that whoever manages passwords for people can fill it in.</summary>
internal static class SignInRoutes
{
    private const long FormBytesMax = 16 * 1024;

    public static void MapSignIn(this IEndpointRouteBuilder web)
    {
        web.MapGet("/sign-in", (HttpContext context) => ShowAsync(context, new SignInForm())).ExcludeFromDescription();
        web.MapPost("/sign-in", SignInAsync).ExcludeFromDescription();
    }

    /// <summary>Where a reader goes on: an address of this server and no other.</summary>
    public static string Local(string? address) =>
        address is ['/', ..] && address is not ['/', '/' or '\\', ..] && !address.Any(char.IsControl) && !address.StartsWith("/sign-in", StringComparison.Ordinal) ? address : "/";

    private static async Task SignInAsync(HttpContext context)
    {
        if (context.Request.ContentLength is null or > FormBytesMax || !context.Request.HasFormContentType)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var (name, password, key) = (form["name"].ToString(), form["password"].ToString(), form["key"].ToString());
        var door = context.RequestServices.GetRequiredService<ApiDoor>();
        using var http = new HttpClient(new RefusalHandler(new CookieHandler(context, door(context))));
        try
        {
            using var answer = await http.PostAsJsonAsync(new Uri($"{context.Request.Scheme}://{context.Request.Host}/api/v1/session"), key.Length > 0 ? (object)new { key } : new { name, password }, context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = Local(form["return"]);
        }
        catch (ApiRefusal refusal)
        {
            await ShowAsync(context, new SignInForm(name, refusal.Status switch
            {
                StatusCodes.Status404NotFound => "No sign-in is asked for here.",
                StatusCodes.Status429TooManyRequests when refusal.RetryAfter is { } wait => $"Too many wrong passwords. Wait {Math.Ceiling(wait.TotalSeconds)} s, then try again.",
                _ => refusal.Message,
            }), refusal.Status);
        }
    }

    private static async Task ShowAsync(HttpContext context, SignInForm form, int status = StatusCodes.Status200OK)
    {
        context.RequestServices.GetRequiredService<PageContext>().Open(context);
        var html = await PageRoutes.RenderAsync<SignInPage>(context.RequestServices, new Dictionary<string, object?> { [nameof(SignInPage.Form)] = form });
        await PageRoutes.WriteAsync(context, html, status);
    }
}

/// <summary>What was typed, and what was wrong with it.</summary>
public sealed record SignInForm(string Name = "", string? Fault = null);
