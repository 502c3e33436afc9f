using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Monitoring;
using MlopsGrains.Paging;

namespace MlopsGrains.Gateway.Monitoring;

internal static class MonitoringEndpoints
{
    public static void MapMonitoring(this IEndpointRouteBuilder endpoints)
    {
        var monitors = endpoints.MapNative("Monitors");
        monitors.MapGet("/monitors", List).ShowsReadable().WithName("ListMonitors").WithSummary("Monitors in the order of their deployments.");
        monitors.MapGet("/monitors/{deployment}", Get).Requires(PermissionLevel.Read, AccessTarget.Monitor, "deployment").WithName("GetMonitor").WithSummary("A deployment's monitor: rules, open window, last verdict, open alert.");
        monitors.MapPut("/monitors/{deployment}", Configure).Requires(PermissionLevel.Edit, AccessTarget.Monitor, "deployment", orCreates: true).Requires(PermissionLevel.Read, AccessTarget.Deployment, "deployment")
            .Requires(PermissionLevel.Read, AccessTarget.Blob, "referenceDigest").Requires(PermissionLevel.Use, AccessTarget.Pipeline, "pipeline", optional: true)
            .WithName("ConfigureMonitor").WithSummary("Sets or replaces the rules; windows begin anew.")
            .WithExample("""{"referenceDigest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","features":["sepal_length_cm"],"windowRows":1000,"alpha":0.01,"effectFloor":0.1,"raiseAfter":2}""");
        monitors.MapGet("/monitors/{deployment}/windows", Windows).Requires(PermissionLevel.Read, AccessTarget.Monitor, "deployment").WithName("ListWindows").WithSummary("Verdicts of closed windows, newest first.");
        monitors.MapGet("/monitors/{deployment}/alerts", Alerts).Requires(PermissionLevel.Read, AccessTarget.Monitor, "deployment").WithName("ListAlerts").WithSummary("Alerts, newest first.");
        monitors.MapAlerts();
        monitors.MapGet("/monitors/{deployment}/windows/{window}/counts", Counts).Requires(PermissionLevel.Read, AccessTarget.Monitor, "deployment").WithName("GetWindowCounts")
            .WithSummary("How a closed window's rows and the reference's fall into the bins of each feature. Kept for the newest windows under the present reference, 250,000 counts in all.");
        monitors.MapPost("/monitors/{deployment}/back-test", BackTest).Requires(PermissionLevel.Read, AccessTarget.Monitor, "deployment").WithName("BackTestMonitor")
            .WithSummary("Judges the windows whose counts are kept by other rules, and changes nothing. The reference must be the monitor's own; windows stay as they were cut.")
            .WithExample("""{"referenceDigest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","features":["sepal_length_cm"],"alpha":0.05,"effectFloor":0.2,"raiseAfter":3}""");
    }

    private static async Task<Ok<Page<MonitorStatus>>> List(IGrainFactory grains, HttpContext context, CancellationToken cancellationToken, int limit = MonitorLimits.MonitorsPerPageMax, string? pageToken = null) =>
        TypedResults.Ok(await CatalogPages.Read(
            context, PermissionKind.Monitor, CatalogKinds.Monitors, limit, pageToken, name => grains.GetGrain<IMonitorGrain>(name).Get(cancellationToken), cancellationToken, MonitorLimits.MonitorsPerPageMax));

    private static async Task<Ok<MonitorStatus>> Get(string deployment, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Monitor(grains, deployment).Get(cancellationToken) ?? throw MlopsException.NotFound("Monitor", deployment));

    private static async Task<Ok<MonitorStatus>> Configure(string deployment, MonitorRules rules, IGrainFactory grains, HttpContext context, CancellationToken cancellationToken)
    {
        await context.RequireAsync(AccessTarget.Blob, rules.ReferenceDigest);
        await context.RequireAsync(AccessTarget.Pipeline, rules.Pipeline);
        context.ActForCaller();
        return TypedResults.Ok(await context.OwnIfNewAsync(PermissionKind.Monitor, deployment, () => Monitor(grains, deployment).Configure(rules, cancellationToken), m => m.Generation == 1));
    }

    private static async Task<Ok<IReadOnlyList<WindowVerdict>>> Windows(string deployment, IGrainFactory grains, CancellationToken cancellationToken, int limit = 100)
    {
        Limit.Page("limit", limit, MonitorLimits.HistoryMax);
        return TypedResults.Ok(await Monitor(grains, deployment).Windows(limit, cancellationToken));
    }

    private static async Task<Ok<IReadOnlyList<Alert>>> Alerts(string deployment, IGrainFactory grains, CancellationToken cancellationToken, int limit = 100)
    {
        Limit.Page("limit", limit, MonitorLimits.HistoryMax);
        return TypedResults.Ok(await Monitor(grains, deployment).Alerts(limit, cancellationToken));
    }

    private static async Task<Ok<WindowCounts>> Counts(string deployment, long window, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Monitor(grains, deployment).Counts(window, cancellationToken));

    private static async Task<Ok<BackTest>> BackTest(string deployment, MonitorRules rules, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Monitor(grains, deployment).BackTest(rules, cancellationToken));

    private static IMonitorGrain Monitor(IGrainFactory grains, string deployment) => grains.GetGrain<IMonitorGrain>(Names.Check("deployment", deployment));
}
