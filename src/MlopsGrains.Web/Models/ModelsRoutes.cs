using Microsoft.AspNetCore.Routing;
using MlopsGrains.Web.Pages;

namespace MlopsGrains.Web.Models;

internal static class ModelsRoutes
{
    public static void MapModels(this IEndpointRouteBuilder web)
    {
        web.MapPage<ModelsPage>("/models");
        web.MapPage<ModelPage>("/models/{name}");
        web.MapPage<EvidencePage>("/models/{name}/{version}");
        web.MapPage<SignaturePage>("/models/{name}/{version}/signature");
        web.MapPage<AboutVersionPage>("/models/{name}/{version}/about");
    }
}
