using Microsoft.AspNetCore.Routing;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Deployments;

internal static class DeploymentsRoutes
{
    public static void MapDeployments(this IEndpointRouteBuilder web)
    {
        web.MapPage<DeploymentsPage>("/deployments");
        web.MapPage<DeploymentPage>("/deployments/{name}");
        web.MapPage<DeploymentTrafficPage>("/deployments/{name}/traffic");
        web.MapPage<DeploymentRevisionsPage>("/deployments/{name}/revisions");
        web.MapPage<DeploymentEventsPage>("/deployments/{name}/events");
    }
}
