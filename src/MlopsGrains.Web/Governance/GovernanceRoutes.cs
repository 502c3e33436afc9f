using Microsoft.AspNetCore.Routing;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Governance;

internal static class GovernanceRoutes
{
    public static void MapGovernance(this IEndpointRouteBuilder web)
    {
        web.MapPage<AuditPage>("/audit");
        web.MapPage<LineagePage>("/lineage");
    }
}
