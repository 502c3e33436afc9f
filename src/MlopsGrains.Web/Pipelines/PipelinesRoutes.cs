using Microsoft.AspNetCore.Routing;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Pipelines;

internal static class PipelinesRoutes
{
    public static void MapPipelines(this IEndpointRouteBuilder web)
    {
        web.MapPage<PipelinesPage>("/pipelines");
        web.MapPage<PipelineRunsPage>("/pipeline-runs");
        web.MapPage<PipelinePage>("/pipelines/{name}");
        web.MapPage<DefinitionPage>("/pipelines/{name}/definition");
        web.MapPage<PipelineRunPage>("/pipeline-runs/{id}");
        web.MapPage<PipelineRunPart>("/pipeline-runs/{id}/part");
    }
}
