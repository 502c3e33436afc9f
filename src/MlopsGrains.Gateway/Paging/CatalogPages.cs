using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Catalogs;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Identity;
using MlopsGrains.Paging;

namespace MlopsGrains.Gateway.Paging;

/// <summary>Pages of things that a catalog names and the caller may read. The place of a page token is the last name that was looked at.</summary>
internal static class CatalogPages
{
    public static async Task<Page<T>> Read<T>(
        HttpContext context, PermissionKind kind, string catalog, int limit, string? pageToken, Func<string, Task<T?>> get, CancellationToken cancellationToken, int limitMax = ICatalogGrain.NamesPerPageMax)
        where T : class
    {
        var grain = context.RequestServices.GetRequiredService<IGrainFactory>().GetGrain<ICatalogGrain>(catalog);
        var names = await context.ReadablePageAsync(kind, PageRequest.Native(limit, pageToken, limitMax), PageOf, name => name);

        // A name without its thing belongs to a creation that was cut short; the thing comes when it is tried again.
        var items = await Task.WhenAll(names.Items.Select(get));
        return new Page<T>([.. items.OfType<T>()], names.NextPageToken);

        async Task<Page<string>> PageOf(int size, string? token)
        {
            var page = await grain.List(PageToken.Read<string>(catalog, token), size, cancellationToken);
            return page with { NextPageToken = page.NextPageToken is { } last ? PageToken.Write(catalog, last) : null };
        }
    }

    /// <summary>All names that the caller may read, in ordinal order. Looks no further when <paramref name="enough"/> are found; there may be some more then.</summary>
    public static async Task<List<string>> ReadNames(HttpContext context, PermissionKind kind, string catalog, CancellationToken cancellationToken, int enough = int.MaxValue)
    {
        var grain = context.RequestServices.GetRequiredService<IGrainFactory>().GetGrain<ICatalogGrain>(catalog);
        var (names, after) = (new List<string>(), (string?)null);
        do
        {
            var page = await grain.List(after, ICatalogGrain.NamesPerPageMax, cancellationToken);
            names.AddRange(await context.ReadableAsync(kind, page.Items, name => name));
            after = page.NextPageToken;
        }
        while (after is not null && names.Count < enough);
        return names;
    }
}
