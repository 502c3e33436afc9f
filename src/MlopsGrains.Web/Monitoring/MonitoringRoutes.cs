using Microsoft.AspNetCore.Routing;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Monitoring;

internal static class MonitoringRoutes
{
    public static void MapMonitoring(this IEndpointRouteBuilder web)
    {
        web.MapPage<MonitorsPage>("/monitors");
        web.MapPage<MonitorPage>("/monitors/{name}");
        web.MapPage<MonitorPredictionsPage>("/monitors/{name}/predictions");
        web.MapPage<MonitorAlertsPage>("/monitors/{name}/alerts");
        web.MapPage<MonitorRulesPage>("/monitors/{name}/rules");
    }
}
