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
    private const int RoundsMax = 50;

    /// <summary>A page of what the caller may see: pages are read until one is full, and the token names nothing to who may not see all.</summary>
    /// <param name="context">The request.</param>
    /// <param name="kind">Of the items.</param>
    /// <param name="page">That is asked for.</param>
    /// <param name="read">A page of the list, of that size and after that token.</param>
    /// <param name="id">What levels are given on.</param>
    public static async ValueTask<Page<T>> ReadablePageAsync<T>(
        this HttpContext context, PermissionKind kind, PageRequest page, Func<int, string?, Task<Page<T>>> read, Func<T, string> id)
    {
        if (context.Features.Get<AccessGate>() is null)
        {
            return await read(page.Size, page.Token);
        }

        var (items, after) = (new List<T>(), await context.OpenPageTokenAsync(page));
        for (var round = 0; round < RoundsMax && items.Count < page.Size; round++)
        {
            var part = await read(page.Size - items.Count, after);
            items.AddRange(await context.ReadableAsync(kind, part.Items, id));
            after = part.NextPageToken;
            if (after is null)
            {
                break;
            }
        }

        return new Page<T>(items, await context.ClosePageTokenAsync(after));
    }

    /// <summary>What the caller may see of a part of a list: parts are read on until one has something that it may see.</summary>
    /// <param name="context">The request.</param>
    /// <param name="kind">Of the items.</param>
    /// <param name="after">The token of the part, opened.</param>
    /// <param name="read">A part of the list after a token.</param>
    /// <param name="id">What levels are given on.</param>
    public static async ValueTask<Page<T>> ReadablePartAsync<T>(this HttpContext context, PermissionKind kind, string? after, Func<string?, Task<Page<T>>> read, Func<T, string> id)
    {
        for (var round = 1; ; round++)
        {
            var found = await read(after);
            var readable = await context.ReadableAsync(kind, found.Items, id);
            if (readable.Count > 0 || found.NextPageToken is null || round == RoundsMax)
            {
                return found with { Items = readable };
            }

            after = found.NextPageToken;
        }
    }

    /// <summary>The token that was closed for the caller.</summary>
    public static async ValueTask<string?> OpenPageTokenAsync(this HttpContext context, PageRequest page) =>
        page.Token is null || context.Features.Get<AccessGate>() is null ? page.Token
        : await context.RequestServices.GetRequiredService<PageSeal>().OpenAsync(page.Token, context.Features.Get<Caller>()!.UserId!.Value, page.TokenField, context.RequestAborted);

    /// <inheritdoc cref="PageSeal"/>
    public static async ValueTask<string?> ClosePageTokenAsync(this HttpContext context, string? token) =>
        token is null || context.Features.Get<AccessGate>() is null ? token
        : await context.RequestServices.GetRequiredService<PageSeal>().CloseAsync(token, context.Features.Get<Caller>()!.UserId!.Value, context.RequestAborted);
}
