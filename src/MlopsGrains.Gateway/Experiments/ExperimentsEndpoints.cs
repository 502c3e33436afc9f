using Microsoft.AspNetCore.Routing;

namespace MlopsGrains.Gateway.Experiments;

internal static class ExperimentsEndpoints
{
    public static void MapExperiments(this IEndpointRouteBuilder endpoints)
    {
    }
}
