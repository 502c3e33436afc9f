using Microsoft.AspNetCore.Routing;
using MlopsGrains.Gateway.Data;
using MlopsGrains.Gateway.Deployments;
using MlopsGrains.Gateway.Experiments;
using MlopsGrains.Gateway.Governance;
using MlopsGrains.Gateway.Identity;
using MlopsGrains.Gateway.Lineage;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.Models;
using MlopsGrains.Gateway.Monitoring;
using MlopsGrains.Gateway.Operation;
using MlopsGrains.Gateway.Pipelines;
using MlopsGrains.Gateway.Webhooks;

namespace MlopsGrains.Gateway;

/// <summary>The table of contents of the HTTP door.</summary>
public static class GatewayEndpoints
{
    /// <summary>Maps every endpoint. Needs <c>UseMlopsGateway</c> before it.</summary>
    public static IEndpointRouteBuilder MapMlopsGateway(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        endpoints.MapService();
        endpoints.MapMlflowUsers();
        endpoints.MapCaller();
        endpoints.MapSessions();
        endpoints.MapPermissions();
        endpoints.MapGovernance();
        endpoints.MapLineage();
        endpoints.MapData();
        endpoints.MapExperiments();
        endpoints.MapModels();
        endpoints.MapDeployments();
        endpoints.MapPipelines();
        endpoints.MapMonitoring();
        endpoints.MapWebhooks();
        endpoints.MapMlflowGraph();
        endpoints.MapMlflowGateway();
        return endpoints;
    }
}
