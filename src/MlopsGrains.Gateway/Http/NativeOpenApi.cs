using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace MlopsGrains.Gateway.Http;

internal static class NativeOpenApi
{
    private static readonly (string Status, string Text)[] Errors =
    [
        ("400", "The input breaks a rule or a limit; `field` names where."),
        ("401", "Authentication is configured and no valid key came."),
        ("404", "There is no such thing."),
        ("409", "It exists already, or its state does not allow this."),
        ("413", "The body is larger than its limit."),
        ("429", "The platform is busy; nothing was changed. Wait for `Retry-After`."),
        ("503", "The silo that serves this did not answer. Wait for `Retry-After`."),
    ];

    public static void AddNativeOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", o =>
    {
        o.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "MlopsGrains";
            document.Info.Description = "Datasets, experiments, runs, models, deployments, monitors, pipelines and the audit chain.";
            document.Servers = []; // The document is the same whichever address it was asked from.
            return Task.CompletedTask;
        });
        o.AddOperationTransformer(async (operation, context, cancellationToken) =>
        {
            var path = context.Description.RelativePath ?? "";
            if (!path.StartsWith("api/v1/", StringComparison.Ordinal))
            {
                return;
            }

            var problem = await context.GetOrCreateSchemaAsync(typeof(ProblemDetails), null, cancellationToken);
            operation.Responses ??= [];
            foreach (var (status, text) in Errors)
            {
                operation.Responses[status] = new OpenApiResponse
                {
                    Description = text,
                    Content = status == "401" ? null : new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new() { Schema = problem } },
                };
            }
        });
    });

    /// <summary>A group of native endpoints under <c>/api/v1</c> with one tag.</summary>
    public static RouteGroupBuilder MapNative(this IEndpointRouteBuilder endpoints, string tag) =>
        endpoints.MapGroup("/api/v1").WithTags(tag);
}
