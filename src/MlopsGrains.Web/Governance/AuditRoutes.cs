using Microsoft.AspNetCore.Routing;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Governance;

internal static class AuditRoutes
{
    public static void MapAudit(this IEndpointRouteBuilder web) => web.MapPage<AuditPage>("/audit");
}
