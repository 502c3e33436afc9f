using MlopsGrains.Catalogs;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Identity;
using MlopsGrains.Identity;
using MlopsGrains.Paging;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace MlopsGrains.Gateway.Catalogs;

/// <summary>Pages of things that a catalog names and the caller may read. The place of a page token is the last name that was looked at.</summary>
internal static class CatalogPages
{
    public const int LimitMax = 1000;

    /// <summary>How many names are read for one page at most, so that a caller who may read little does not have all of them read at once.</summary>
    private const int RoundsMax = 10;

    public static async Task<Page<T>> Read<T>(
        HttpContext context, PermissionKind kind, string catalog, int limit, string? pageToken, Func<string, Task<T?>> get, CancellationToken cancellationToken, int limitMax = LimitMax)
        where T : class
    {
        Limits.Check("limit", limit, limitMax);
        var names = context.RequestServices.GetRequiredService<IGrainFactory>().GetGrain<ICatalogGrain>(catalog);
        var (readable, after) = (new List<string>(), PageToken.Read<string>(catalog, pageToken));
        for (var round = 0; round < RoundsMax && readable.Count < limit; round++)
        {
            var page = await names.List(after, limit - readable.Count, cancellationToken);
            readable.AddRange(await context.ReadableAsync(kind, page.Items, name => name));
            after = page.NextPageToken;
            if (after is null)
            {
                break;
            }
        }

        // A name without its thing belongs to a creation that was cut short; the thing comes when it is tried again.
        var items = await Task.WhenAll(readable.Select(get));
        return new Page<T>([.. items.OfType<T>()], after is null ? null : PageToken.Write(catalog, after));
    }
}
