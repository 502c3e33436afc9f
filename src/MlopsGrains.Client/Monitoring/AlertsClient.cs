using MlopsGrains.Client.Http;
using MlopsGrains.Monitoring;
using MlopsGrains.Paging;

namespace MlopsGrains.Client;

/// <summary>Alerts of all monitors, and what people do about them.</summary>
public sealed class AlertsClient
{
    private const string Root = "api/v1/alerts";

    private readonly GatewayHttp http;

    internal AlertsClient(GatewayHttp http) => this.http = http;

    /// <summary>Alerts in a state, newest first, read page by page.</summary>
    public IAsyncEnumerable<Alert> ListAsync(AlertState state = AlertState.Open, CancellationToken cancellationToken = default) =>
        Pages.All((token, cancel) => ListPageAsync(state, null, token, cancel), cancellationToken);

    /// <summary>One page of alerts in a state, newest first. It may be empty and have a next one.</summary>
    /// <param name="state">Which.</param>
    /// <param name="limit">1–100; the server's default when <see langword="null"/>.</param>
    /// <param name="pageToken">Of the page before; the first when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Page<Alert>> ListPageAsync(AlertState state = AlertState.Open, int? limit = null, string? pageToken = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<Page<Alert>>(Root + GatewayPath.Query(("state", state.ToString().ToLowerInvariant()), ("limit", limit), ("pageToken", pageToken)), cancellationToken);

    /// <summary>How many are open, wait for somebody, are the caller's, or are silenced.</summary>
    public Task<AlertCounts> CountsAsync(CancellationToken cancellationToken = default) => http.GetAsync<AlertCounts>(Root + "/counts", cancellationToken);

    /// <summary>An alert with what people did about it; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public Task<Alert> GetAsync(string deployment, string alertId, CancellationToken cancellationToken = default) => http.GetAsync<Alert>(At(deployment, alertId), cancellationToken);

    /// <summary>The caller has the open alert from now on. Throws <see cref="Errors.ErrorKind.Conflict"/> when it is closed.</summary>
    public Task<Alert> AcknowledgeAsync(string deployment, string alertId, CancellationToken cancellationToken = default) =>
        http.ReadAsync<Alert>(new GatewayCall(HttpMethod.Post, At(deployment, alertId) + "/acknowledge", Repeat.Always), cancellationToken);

    /// <summary>The open alert, and those that are raised meanwhile, wait for nobody for a time. Throws <see cref="Errors.ErrorKind.Conflict"/> when it is closed.</summary>
    public Task<Alert> SilenceAsync(string deployment, string alertId, AlertSilence silence, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(silence);
        return http.ReadAsync<Alert>(new GatewayCall(HttpMethod.Post, At(deployment, alertId) + "/silence", Repeat.Always, GatewayHttp.Json(silence)), cancellationToken);
    }

    /// <summary>Adds a comment, also to a closed alert; once, whatever number of attempts it takes.</summary>
    /// <param name="deployment">The deployment that is watched.</param>
    /// <param name="alertId">The alert.</param>
    /// <param name="text">1–1,000 characters.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Alert> CommentAsync(string deployment, string alertId, string text, CancellationToken cancellationToken = default) =>
        http.OnceAsync<Alert>(new GatewayCall(HttpMethod.Post, At(deployment, alertId) + "/comments", Repeat.Always, GatewayHttp.Json(new { text })), cancellationToken);

    private static string At(string deployment, string alertId) => $"api/v1/monitors/{GatewayPath.Segment("deployment", deployment)}/alerts/{GatewayPath.Segment("alertId", alertId)}";
}
