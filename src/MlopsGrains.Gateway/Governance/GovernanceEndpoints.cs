using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Governance;
using MlopsGrains.Limits;
using MlopsGrains.Paging;

namespace MlopsGrains.Gateway.Governance;

internal static class GovernanceEndpoints
{
    public static void MapGovernance(this IEndpointRouteBuilder endpoints)
    {
        var audit = endpoints.MapNative("Audit");
        audit.MapGet("/audit/events", Events).RequiresAdministrator().WithName("ListAuditEvents").WithSummary("Events of the audit chain after a sequence number, in order.");
        audit.MapGet("/audit/search", Search).RequiresAdministrator().WithName("SearchAudit")
            .WithSummary("Events of the audit chain by actor, action, subject and time, newest first. A page may be short and still name a next one.");
        audit.MapGet("/audit/waiting", Waiting).RequiresAdministrator().WithName("GetAuditWaiting").WithSummary("Changes that are stored and whose events wait for their place in the audit chain.");
        audit.MapGet("/audit/verification", Verify).RequiresAdministrator().WithName("VerifyAudit").WithSummary("Recomputes every hash of the stored audit chain.");
    }

    private static async Task<Ok<Page<AuditEvent>>> Events(IGrainFactory grains, CancellationToken cancellationToken, long after = 0, int limit = 100)
    {
        if (after < 0)
        {
            throw MlopsException.Invalid("after", $"after is {after}; at least 0.");
        }

        Limit.Page("limit", limit, IAuditChainGrain.EventsPerPageMax);
        return TypedResults.Ok(await Chain(grains).Read(after, limit, cancellationToken));
    }

    private static async Task<Ok<AuditVerification>> Verify(IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Chain(grains).Verify(cancellationToken));

    private static async Task<Ok<Page<AuditEvent>>> Search(
        IGrainFactory grains,
        CancellationToken cancellationToken,
        string? actor = null,
        string? action = null,
        string? subject = null,
        DateTimeOffset? from = null,
        DateTimeOffset? to = null,
        int limit = 100,
        string? pageToken = null)
    {
        Limit.Page("limit", limit, IAuditChainGrain.EventsPerPageMax);
        return TypedResults.Ok(await Chain(grains).Search(new AuditQuery(actor, action, subject, from, to, limit, pageToken), cancellationToken));
    }

    private static async Task<Ok<AuditWaiting>> Waiting(IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await Chain(grains).Waiting(cancellationToken));

    private static IAuditChainGrain Chain(IGrainFactory grains) => grains.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main);
}
