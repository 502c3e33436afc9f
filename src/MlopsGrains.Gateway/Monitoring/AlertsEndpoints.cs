using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;
using MlopsGrains.Paging;
using MlopsGrains.Texts;

namespace MlopsGrains.Gateway.Monitoring;

/// <summary>Alerts of all monitors that the caller may read, and what people do about one of them.</summary>
internal static class AlertsEndpoints
{
    private const string One = "/monitors/{deployment}/alerts/{alertId}";

    /// <summary>Entries that one request looks at, so that a rare state among very many alerts takes several requests.</summary>
    private const int LookedAtMax = 1000;

    private const int AtOnce = 50;

    private static readonly string States = string.Join(", ", Enum.GetNames<AlertState>().Select(s => s.ToLowerInvariant()));

    public static void MapAlerts(this RouteGroupBuilder monitors)
    {
        monitors.MapGet("/alerts", List).ShowsReadable().WithName("FindAlerts")
            .WithSummary("Alerts of all monitors, newest first: open (neither closed nor silenced), mine (open and acknowledged by the caller), silenced or closed.");
        monitors.MapGet("/alerts/counts", Counts).ShowsReadable().WithName("CountAlerts").WithSummary("How many alerts are open, wait for somebody, are the caller's, or are silenced.");
        monitors.MapGet(One, Get).Requires(PermissionLevel.Read, AccessTarget.Monitor, "deployment").WithName("GetAlert").WithSummary("An alert with what people did about it.");
        monitors.MapPost(One + "/acknowledge", Acknowledge).Requires(PermissionLevel.Edit, AccessTarget.Monitor, "deployment").WithName("AcknowledgeAlert").WithSummary("The caller has the open alert from now on.");
        monitors.MapPost(One + "/silence", Silence).Requires(PermissionLevel.Edit, AccessTarget.Monitor, "deployment").WithName("SilenceAlert")
            .WithSummary("The open alert, and those that are raised meanwhile, wait for nobody for some minutes; 0 ends the silence.").WithExample("""{"minutes":240,"reason":"a known price change"}""");
        monitors.MapPost(One + "/comments", Comment).Requires(PermissionLevel.Edit, AccessTarget.Monitor, "deployment").WithName("CommentAlert").CreatesOnce().WithSummary("Adds a comment, also to a closed alert.")
            .WithExample("""{"text":"the supplier changed the unit"}""");
    }

    private static async Task<Ok<Page<Alert>>> List(
        IGrainFactory grains, HttpContext context, TimeProvider time, CancellationToken cancellationToken, string? state = null, int limit = 50, string? pageToken = null)
    {
        var asked = PageRequest.Native(limit, pageToken, MonitorLimits.AlertsPerPageMax);
        var wanted = State(state);
        var (list, me) = ($"alerts/{wanted}", Actor.Current);
        var after = PageToken.Read<string>(list, await context.OpenPageTokenAsync(asked));
        var catalog = grains.GetGrain<ICatalogGrain>(wanted == AlertState.Closed ? CatalogKinds.ClosedAlerts : CatalogKinds.OpenAlerts);

        var found = new List<Alert>();
        for (var lookedAt = 0; found.Count < limit && lookedAt < LookedAtMax;)
        {
            var page = await catalog.List(after, AtOnce, cancellationToken);
            var entries = await context.ReadableAsync(PermissionKind.Monitor, page.Items, entry => AlertIndex.Read(entry).Deployment);
            var alerts = await Task.WhenAll(entries.Select(entry => Ask(grains, entry, cancellationToken)));
            for (var i = 0; i < alerts.Length; i++)
            {
                after = entries[i];
                if (alerts[i] is { } alert && Is(alert, wanted, me, time.GetUtcNow()))
                {
                    found.Add(alert);
                }

                if (found.Count == limit && (i < alerts.Length - 1 || page.NextPageToken is not null))
                {
                    return await Answer();
                }
            }

            lookedAt += page.Items.Count;
            after = page.NextPageToken;
            if (after is null)
            {
                break;
            }
        }

        return await Answer();

        // The place names a deployment, perhaps one that the caller may not know of.
        async Task<Ok<Page<Alert>>> Answer() => TypedResults.Ok(new Page<Alert>(found, await context.ClosePageTokenAsync(after is null ? null : PageToken.Write(list, after))));
    }

    private static async Task<Ok<AlertCounts>> Counts(IGrainFactory grains, HttpContext context, TimeProvider time, CancellationToken cancellationToken)
    {
        var page = await grains.GetGrain<ICatalogGrain>(CatalogKinds.OpenAlerts).List(null, LookedAtMax, cancellationToken);
        var (me, now) = (Actor.Current, time.GetUtcNow());
        var entries = await context.ReadableAsync(PermissionKind.Monitor, page.Items, entry => AlertIndex.Read(entry).Deployment);
        var counts = new AlertCounts(0, 0, 0, 0, page.NextPageToken is null);
        foreach (var some in entries.Chunk(AtOnce))
        {
            foreach (var alert in (await Task.WhenAll(some.Select(entry => Ask(grains, entry, cancellationToken)))).OfType<Alert>())
            {
                var isOpen = Is(alert, AlertState.Open, me, now);
                counts = counts with
                {
                    Open = counts.Open + (isOpen ? 1 : 0),
                    Waiting = counts.Waiting + (isOpen && alert.AcknowledgedBy is null ? 1 : 0),
                    Mine = counts.Mine + (Is(alert, AlertState.Mine, me, now) ? 1 : 0),
                    Silenced = counts.Silenced + (Is(alert, AlertState.Silenced, me, now) ? 1 : 0),
                };
            }
        }

        return TypedResults.Ok(counts);
    }

    private static async Task<Ok<Alert>> Get(string deployment, string alertId, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Monitor(grains, deployment).GetAlert(alertId, cancellationToken)
            ?? throw (await Monitor(grains, deployment).Get(cancellationToken) is null ? MlopsException.NotFound("Monitor", deployment) : MlopsException.NotFound("Alert", alertId)));

    private static async Task<Ok<Alert>> Acknowledge(string deployment, string alertId, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Monitor(grains, deployment).Acknowledge(alertId, cancellationToken));

    private static async Task<Ok<Alert>> Silence(string deployment, string alertId, AlertSilence silence, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Monitor(grains, deployment).Silence(alertId, silence, cancellationToken));

    private static async Task<Ok<Alert>> Comment(string deployment, string alertId, AlertComment comment, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Monitor(grains, deployment).Comment(alertId, comment.Text, cancellationToken));

    private static Task<Alert?> Ask(IGrainFactory grains, string entry, CancellationToken cancellationToken)
    {
        var (deployment, alertId) = AlertIndex.Read(entry);
        return grains.GetGrain<IMonitorGrain>(deployment).GetAlert(alertId, cancellationToken);
    }

    /// <summary>A catalog may lag behind its alert by a moment; the alert decides.</summary>
    private static bool Is(Alert alert, AlertState state, string me, DateTimeOffset now) => state switch
    {
        AlertState.Closed => alert.ClosedAt is not null,
        AlertState.Mine => alert.ClosedAt is null && alert.AcknowledgedBy == me,
        AlertState.Silenced => alert.ClosedAt is null && alert.IsSilenced(now),
        _ => alert.ClosedAt is null && !alert.IsSilenced(now),
    };

    private static AlertState State(string? state) => string.IsNullOrEmpty(state) ? AlertState.Open
        : state.All(char.IsAsciiLetter) && Enum.TryParse<AlertState>(state, ignoreCase: true, out var wanted) ? wanted
        : throw MlopsException.Invalid("state", $"state is '{state.Shorten(100)}'; expected one of {States}.");

    private static IMonitorGrain Monitor(IGrainFactory grains, string deployment) => grains.GetGrain<IMonitorGrain>(Names.Check("deployment", deployment));

    /// <param name="Text">1–1,000 characters.</param>
    internal sealed record AlertComment(string Text);
}
