using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Experiments;

internal static class ExperimentsRoutes
{
    public static void MapExperiments(this IEndpointRouteBuilder web)
    {
        web.MapPage<ExperimentsPage>("/experiments");
        web.MapPage<RunsPage>("/experiments/{id}/runs");
        web.MapPage<RunsPart>("/experiments/{id}/runs/rows");
        web.MapGet("/experiments/{id}/runs/export", RunsExport.AnswerAsync).ExcludeFromDescription();
        web.MapPage<GroupsPage>("/experiments/{id}/groups");
        web.MapPage<ComparePage>("/compare");
        web.MapPage<RunPage>("/runs/{id}");
        web.MapPage<RunMarkdownPart>("/runs/{id}/markdown");
        web.MapPage<RunMetricsPage>("/runs/{id}/metrics");
        web.MapPage<RunSystemPage>("/runs/{id}/system");
        web.MapPage<RunArtifactsPage>("/runs/{id}/artifacts");
    }
}
