using Microsoft.AspNetCore.Routing;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Data;

internal static class DataRoutes
{
    public static void MapData(this IEndpointRouteBuilder web)
    {
        web.MapPage<DatasetsPage>("/datasets");
        web.MapPage<DatasetProfilePage>("/datasets/{name}");
        web.MapPage<DatasetProfilePage>("/datasets/{name}/{version}");
        web.MapPage<DatasetRowsPage>("/datasets/{name}/{version}/rows");
        web.MapPage<DatasetDiffPage>("/datasets/{name}/{version}/diff");
        web.MapPage<DatasetUsesPage>("/datasets/{name}/{version}/used-by");
    }
}
