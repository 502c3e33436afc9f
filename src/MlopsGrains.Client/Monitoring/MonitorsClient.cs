using MlopsGrains.Client.Http;
using MlopsGrains.Monitoring;
using MlopsGrains.Paging;

namespace MlopsGrains.Client;

/// <summary>Drift monitors, one a deployment.</summary>
public sealed class MonitorsClient
{
    private const string Root = "api/v1/monitors";

    private readonly GatewayHttp http;

    internal MonitorsClient(GatewayHttp http) => this.http = http;

    /// <summary>All monitors in the order of their deployments, read page by page.</summary>
    public IAsyncEnumerable<MonitorStatus> ListAsync(CancellationToken cancellationToken = default) => Pages.All<MonitorStatus>(http, Root, cancellationToken);

    /// <summary>One page of monitors.</summary>
    /// <param name="limit">1–100; the server's default when <see langword="null"/>.</param>
    /// <param name="pageToken">Of the page before; the first when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Page<MonitorStatus>> ListPageAsync(int? limit = null, string? pageToken = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<Page<MonitorStatus>>(Root + GatewayPath.Query(("limit", limit), ("pageToken", pageToken)), cancellationToken);

    /// <summary>Rules, open window, last verdict and open alert; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public Task<MonitorStatus> GetAsync(string deployment, CancellationToken cancellationToken = default) => http.GetAsync<MonitorStatus>(At(deployment), cancellationToken);

    /// <summary>Sets or replaces the rules; open windows begin anew.</summary>
    public Task<MonitorStatus> ConfigureAsync(string deployment, MonitorRules rules, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return http.ReadAsync<MonitorStatus>(new GatewayCall(HttpMethod.Put, At(deployment), Repeat.Always, GatewayHttp.Json(rules)), cancellationToken);
    }

    /// <summary>Closed windows, newest first.</summary>
    /// <param name="deployment">The deployment.</param>
    /// <param name="limit">1–1,000; the server's default when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<IReadOnlyList<WindowVerdict>> WindowsAsync(string deployment, int? limit = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<IReadOnlyList<WindowVerdict>>($"{At(deployment)}/windows{GatewayPath.Query(("limit", limit))}", cancellationToken);

    /// <summary>Alerts, newest first.</summary>
    /// <param name="deployment">The deployment.</param>
    /// <param name="limit">1–1,000; the server's default when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<IReadOnlyList<Alert>> AlertsAsync(string deployment, int? limit = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<IReadOnlyList<Alert>>($"{At(deployment)}/alerts{GatewayPath.Query(("limit", limit))}", cancellationToken);

    /// <summary>How a closed window's rows and the reference's fall into the bins of each feature; throws <see cref="Errors.ErrorKind.NotFound"/> when they are not kept.</summary>
    public Task<WindowCounts> CountsAsync(string deployment, long window, CancellationToken cancellationToken = default) =>
        http.GetAsync<WindowCounts>(FormattableString.Invariant($"{At(deployment)}/windows/{window}/counts"), cancellationToken);

    /// <summary>What rules would have said of the windows whose counts are kept; changes nothing. They must name the monitor's own reference.</summary>
    public Task<BackTest> BackTestAsync(string deployment, MonitorRules rules, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return http.ReadAsync<BackTest>(new GatewayCall(HttpMethod.Post, $"{At(deployment)}/back-test", Repeat.Always, GatewayHttp.Json(rules)), cancellationToken);
    }

    private static string At(string deployment) => $"{Root}/{GatewayPath.Segment("deployment", deployment)}";
}
