using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Identity;
using MlopsGrains.Paging;

namespace MlopsGrains.Gateway.Paging;

/// <summary>Pages of lists that hold more than the caller may see.</summary>
internal static class ReadablePages
{
    /// <summary>How many pages are read to fill one, so that who may read little does not have all of a list read at once.</summary>
    public const int RoundsMax = 50;

    /// <summary>A page of what the caller may see: pages are read until one is full, and the token names nothing to who may not see all.</summary>
    /// <param name="context">The request.</param>
    /// <param name="kind">Of the items.</param>
    /// <param name="size">Of the page.</param>
    /// <param name="token">As the caller sent it.</param>
    /// <param name="field">The request's field that held it.</param>
    /// <param name="read">A page of the list, of that size and after that token.</param>
    /// <param name="id">What levels are given on.</param>
    public static async ValueTask<Page<T>> ReadablePageAsync<T>(
        this HttpContext context, PermissionKind kind, int size, string? token, string field, Func<int, string?, Task<Page<T>>> read, Func<T, string> id)
    {
        if (context.Features.Get<AccessGate>() is null)
        {
            return await read(size, string.IsNullOrEmpty(token) ? null : token);
        }

        var (items, after) = (new List<T>(), await context.OpenPageTokenAsync(token, field));
        for (var round = 0; round < RoundsMax && items.Count < size; round++)
        {
            var page = await read(size - items.Count, after);
            items.AddRange(await context.ReadableAsync(kind, page.Items, id));
            after = page.NextPageToken;
            if (after is null)
            {
                break;
            }
        }

        return new Page<T>(items, await context.ClosePageTokenAsync(after));
    }

    /// <summary>The token that was closed for the caller.</summary>
    public static async ValueTask<string?> OpenPageTokenAsync(this HttpContext context, string? token, string field) =>
        string.IsNullOrEmpty(token) ? null
        : context.Features.Get<AccessGate>() is null ? token
        : await context.RequestServices.GetRequiredService<PageSeal>().OpenAsync(token, context.Features.Get<Caller>()!.UserId!.Value, field, context.RequestAborted);

    /// <inheritdoc cref="PageSeal"/>
    public static async ValueTask<string?> ClosePageTokenAsync(this HttpContext context, string? token) =>
        token is null || context.Features.Get<AccessGate>() is null ? token
        : await context.RequestServices.GetRequiredService<PageSeal>().CloseAsync(token, context.Features.Get<Caller>()!.UserId!.Value, context.RequestAborted);
}
