using Microsoft.AspNetCore.Routing;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Administration;

internal static class AdministrationRoutes
{
    public static void MapAdministration(this IEndpointRouteBuilder web)
    {
        web.MapPage<UsersPage>("/admin");
        web.MapPage<UsersPage>("/admin/users");
        web.MapPage<UserPage>("/admin/users/{**name}");
        web.MapPage<StoragePage>("/admin/storage");
        web.MapPage<WebhooksPage>("/admin/webhooks");
        web.MapPage<ClusterPage>("/admin/cluster");
    }
}
