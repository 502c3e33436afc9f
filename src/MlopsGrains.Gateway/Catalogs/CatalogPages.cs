using MlopsGrains.Catalogs;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Paging;

namespace MlopsGrains.Gateway.Catalogs;

/// <summary>Pages of things that a catalog names. The place of a page token is the last name of the page before.</summary>
internal static class CatalogPages
{
    public const int LimitMax = 1000;

    public static async Task<Page<T>> Read<T>(
        IGrainFactory grains, string kind, int limit, string? pageToken, Func<string, Task<T?>> get, CancellationToken cancellationToken, int limitMax = LimitMax)
        where T : class
    {
        Limits.Check("limit", limit, limitMax);
        var names = await grains.GetGrain<ICatalogGrain>(kind).List(PageToken.Read<string>(kind, pageToken), limit, cancellationToken);
        var items = await Task.WhenAll(names.Items.Select(get));

        // A name without its thing belongs to a creation that was cut short; the thing comes when it is tried again.
        return new Page<T>([.. items.OfType<T>()], names.NextPageToken is { } last ? PageToken.Write(kind, last) : null);
    }
}
