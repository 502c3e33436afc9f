using MlopsGrains.Client.Http;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Paging;

namespace MlopsGrains.Client;

/// <summary>The hash-chained record of every change.</summary>
public sealed class AuditClient
{
    private const int PageSize = 1000;

    private readonly GatewayHttp http;

    internal AuditClient(GatewayHttp http) => this.http = http;

    /// <summary>Events after sequence <paramref name="after"/> in order, up to the present end of the chain, read page by page.</summary>
    public IAsyncEnumerable<AuditEvent> EventsAsync(long after = 0, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        return Pages.All(
            (token, cancel) => http.GetAsync<Page<AuditEvent>>($"api/v1/audit/events{GatewayPath.Query(("after", token ?? (object)after), ("limit", PageSize))}", cancel),
            cancellationToken);
    }

    /// <summary>Events that a query finds, newest first, read page by page.</summary>
    public IAsyncEnumerable<AuditEvent> SearchAsync(AuditQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return Pages.All((token, cancel) => SearchPageAsync(query with { PageToken = token ?? query.PageToken }, cancel), cancellationToken);
    }

    /// <summary>One page of what a query finds; it may be short, or empty, and still name a next one.</summary>
    public Task<Page<AuditEvent>> SearchPageAsync(AuditQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return http.GetAsync<Page<AuditEvent>>(
            "api/v1/audit/search" + GatewayPath.Query(
                ("actor", query.Actor), ("action", query.Action), ("subject", query.Subject), ("from", query.From?.ToString("O")), ("to", query.To?.ToString("O")),
                ("limit", query.Limit), ("pageToken", query.PageToken)),
            cancellationToken);
    }

    /// <summary>Downloads the chain and recomputes every hash in this process, without trusting the server's own verdict.</summary>
    public async Task<AuditVerification> VerifyAsync(CancellationToken cancellationToken = default)
    {
        var verification = AuditHash.Verify(null, []);
        await foreach (var auditEvent in EventsAsync(cancellationToken: cancellationToken))
        {
            verification = AuditHash.Verify(verification, [auditEvent]);
            if (!verification.Valid)
            {
                return verification;
            }
        }

        return verification with { Waiting = await WaitingAsync(cancellationToken) };
    }

    /// <summary>What is stored and waits for its place in the chain; <see langword="null"/> from a server that does not say.</summary>
    public async Task<AuditWaiting?> WaitingAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await http.GetAsync<AuditWaiting>("api/v1/audit/waiting", cancellationToken);
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.NotFound)
        {
            return null;
        }
    }

    /// <summary>The server's own walk over its stored chain.</summary>
    public Task<AuditVerification> VerifyOnServerAsync(CancellationToken cancellationToken = default) =>
        http.GetAsync<AuditVerification>("api/v1/audit/verification", cancellationToken);
}
