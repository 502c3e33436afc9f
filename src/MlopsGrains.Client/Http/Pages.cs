using System.Runtime.CompilerServices;
using MlopsGrains.Paging;

namespace MlopsGrains.Client.Http;

internal static class Pages
{
    /// <summary>All items, one page in memory at a time.</summary>
    public static async IAsyncEnumerable<T> All<T>(
        Func<string?, CancellationToken, Task<Page<T>>> read, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? token = null;
        do
        {
            var page = await read(token, cancellationToken);
            foreach (var item in page.Items)
            {
                yield return item;
            }

            token = page.NextPageToken;
        }
        while (!string.IsNullOrEmpty(token));
    }

    /// <summary>A catalog's list.</summary>
    public static IAsyncEnumerable<T> All<T>(GatewayHttp http, string path, CancellationToken cancellationToken) =>
        All((token, cancel) => http.GetAsync<Page<T>>(path + GatewayPath.Query(("pageToken", token)), cancel), cancellationToken);
}
