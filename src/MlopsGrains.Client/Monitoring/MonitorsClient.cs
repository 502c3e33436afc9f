using MlopsGrains.Client.Http;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Client;

/// <summary>Drift monitors, one a deployment.</summary>
public sealed class MonitorsClient
{
    private const string Root = "api/v1/monitors";

    private readonly GatewayHttp http;

    internal MonitorsClient(GatewayHttp http) => this.http = http;

    /// <summary>All monitors in the order of their deployments, read page by page.</summary>
    public IAsyncEnumerable<MonitorStatus> ListAsync(CancellationToken cancellationToken = default) => Pages.All<MonitorStatus>(http, Root, cancellationToken);

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

    private static string At(string deployment) => $"{Root}/{GatewayPath.Segment("deployment", deployment)}";
}
