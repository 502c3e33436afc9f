using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using Scalar.AspNetCore;

namespace MlopsGrains.Gateway.Operation;

internal static class ServiceEndpoints
{
    /// <summary>The MLflow level that clients may rely on. Its tracing client wants at least 3.4.</summary>
    public const string MlflowVersion = "3.6.0";

    private const string Icon =
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='5' cy='5' r='3' fill='%233b5fe0'/%3E%3Ccircle cx='11' cy='6' r='3' fill='%238fa8ff'/%3E%3Ccircle cx='8' cy='11' r='3' fill='%232f55d0'/%3E%3C/svg%3E";

    /// <summary>Maps <c>/health</c>, <c>/version</c>, <c>/api</c>, MLflow's <c>server-info</c>, <c>/openapi/v1.json</c> and the page <c>/docs</c>.</summary>
    public static void MapService(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/health", Health).RequiresNothing().ExcludeFromDescription().WithTags("Operation")
            .Describe("Whether the process can serve: 200, or 503 with what is not ready.", gives: "OK", givesBytes: "text/plain");
        endpoints.MapGet("/version", () => Results.Text(MlflowVersion)).RequiresSignIn().ExcludeFromDescription().WithTags("Operation")
            .Describe("The MLflow release that its clients may take this server for.", gives: MlflowVersion, givesBytes: "text/plain");
        endpoints.MapMlflowMethod("GET", "/mlflow/server-info", ServerInfo, generation: 3).RequiresSignIn().WithMetadata(new InAnyWorkspace()).WithTags("MLflow server")
            .Describe("What kind of server this is, for clients.", gives: """{"store_type":"SqlStore","workspaces_enabled":false,"trace_archival_enabled":false,"multipart_uploads_enabled":true,"multipart_downloads_enabled":true,"features_enabled":{"gateway":false}}""");
        endpoints.MapGet("/api", LeadOn).RequiresNothing().ExcludeFromDescription().WithTags("Operation")
            .Describe("Where the rest is, for programs that know the address only.", gives: """{"name":"mlopsgrains","docs":"http://127.0.0.1:5080/docs","openapi":"http://127.0.0.1:5080/openapi/v1.json","health":"http://127.0.0.1:5080/health"}""");
        endpoints.MapOpenApi().RequiresSignIn().ExcludeFromDescription();
        endpoints.MapScalarApiReference("/docs", o => o
            .WithTitle("MlopsGrains API")
            .WithFavicon(Icon)
            .DisableDefaultFonts()
            .DisableTelemetry()
            .DisableAgent()
            .DisableMcp()
            .HideClientButton()
            .HideDeveloperTools()
            .HideModels()
            .WithCustomCss("a[href*='scalar.com'] { display: none }")).RequiresSignIn().WithContentPolicy(ContentPolicy.Packaged);
    }

    /// <summary>For programs that know no more than the address. It says nothing about what the platform holds.</summary>
    private static IResult LeadOn(HttpContext context, IOptions<GatewayOptions> options)
    {
        var address = options.Value.PublicUrl?.TrimEnd('/') ?? $"{context.Request.Scheme}://{context.Request.Host}";
        return Results.Json(new { name = "mlopsgrains", docs = address + "/docs", openapi = $"{address}/openapi/{ApiDocument.Name}.json", health = address + "/health" });
    }

    /// <summary>The kind of store that clients know every feature of this server to have.</summary>
    private static Task ServerInfo(MlflowCall call) => call.Answer(json =>
    {
        json.WriteString("store_type", "SqlStore");
        json.WriteBoolean("workspaces_enabled", false);
        json.WriteBoolean("trace_archival_enabled", false);
        json.WriteBoolean("multipart_uploads_enabled", true);
        json.WriteBoolean("multipart_downloads_enabled", true);
        json.WriteStartObject("features_enabled");
        json.WriteBoolean("gateway", false);
        json.WriteEndObject();
    });

    private static async Task<IResult> Health(HealthCheckService checks, CancellationToken cancellationToken)
    {
        var report = await checks.CheckHealthAsync(cancellationToken);
        var faults = report.Entries.Where(e => e.Value.Status == HealthStatus.Unhealthy).Select(e => e.Key);
        return report.Status == HealthStatus.Unhealthy
            ? Results.Text($"Not ready: {string.Join(", ", faults)}", statusCode: StatusCodes.Status503ServiceUnavailable)
            : Results.Text(string.Join("; ", report.Entries.Where(e => e.Value.Status == HealthStatus.Degraded).Select(e => $"{e.Key}: {e.Value.Description}").Prepend("OK")));
    }
}
