using System.Globalization;
using MlopsGrains.Client.Http;
using MlopsGrains.Deployments;
using MlopsGrains.Paging;

namespace MlopsGrains.Client;

/// <summary>Deployments: revisions of model versions and the traffic between them.</summary>
public sealed class DeploymentsClient
{
    private const string Root = "api/v1/deployments";

    private readonly GatewayHttp http;

    internal DeploymentsClient(GatewayHttp http) => this.http = http;

    /// <summary>All deployments in the order of their names, read page by page.</summary>
    public IAsyncEnumerable<Deployment> ListAsync(CancellationToken cancellationToken = default) => Pages.All<Deployment>(http, Root, cancellationToken);

    /// <summary>A page of deployments in the order of their names.</summary>
    /// <param name="limit">1–1,000; the server's default when <see langword="null"/>.</param>
    /// <param name="pageToken">Of the page before; the first when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Page<Deployment>> ListPageAsync(int? limit = null, string? pageToken = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<Page<Deployment>>(Root + GatewayPath.Query(("limit", limit?.ToString(CultureInfo.InvariantCulture)), ("pageToken", pageToken)), cancellationToken);

    /// <summary>A deployment; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public Task<Deployment> GetAsync(string name, CancellationToken cancellationToken = default) => http.GetAsync<Deployment>(At(name), cancellationToken);

    /// <summary>Serves a model version: makes a revision and sends all traffic to it. The version that serves already changes nothing.</summary>
    /// <param name="name">The deployment, made when it is new; its model name on the inference door.</param>
    /// <param name="model">A registered model.</param>
    /// <param name="version">A number, an alias or <c>latest</c>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Deployment> DeployAsync(string name, string model, string version = "latest", CancellationToken cancellationToken = default) =>
        http.OnceAsync<Deployment>(new GatewayCall(HttpMethod.Put, At(name), Repeat.Always, GatewayHttp.Json(new DeployRequest(model, version))), cancellationToken);

    /// <summary>Splits traffic between revisions; percentages are whole, 0–100, and add up to 100.</summary>
    public Task<Deployment> SetTrafficAsync(string name, IReadOnlyList<TrafficShare> traffic, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(traffic);
        return http.ReadAsync<Deployment>(new GatewayCall(HttpMethod.Put, $"{At(name)}/traffic", Repeat.Always, GatewayHttp.Json(traffic)), cancellationToken);
    }

    /// <summary>Sends all traffic back to the revision before the newest serving one; once, whatever number of attempts it takes.</summary>
    public Task<Deployment> RollbackAsync(string name, CancellationToken cancellationToken = default) =>
        http.OnceAsync<Deployment>(new GatewayCall(HttpMethod.Post, $"{At(name)}/rollback", Repeat.Always), cancellationToken);

    /// <summary>What each revision was made of: its model version, the run that trained it, the data that it was trained on.</summary>
    public Task<DeploymentLineage> LineageAsync(string name, CancellationToken cancellationToken = default) =>
        http.GetAsync<DeploymentLineage>($"{At(name)}/lineage", cancellationToken);

    /// <summary>Requests, errors and latency of each revision over time. Minutes are kept for a day, hours for 30 days.</summary>
    /// <param name="name">The deployment.</param>
    /// <param name="from">Since when; an hour before <paramref name="to"/> when <see langword="null"/>.</param>
    /// <param name="to">Until when; now when <see langword="null"/>.</param>
    /// <param name="points">At most so many steps (and one more when the span does not begin with one), 1–500; the server's default when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<DeploymentMetrics> MetricsAsync(string name, DateTimeOffset? from = null, DateTimeOffset? to = null, int? points = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<DeploymentMetrics>($"{At(name)}/metrics{GatewayPath.Query(("from", from?.ToString("O", CultureInfo.InvariantCulture)), ("to", to?.ToString("O", CultureInfo.InvariantCulture)), ("points", points))}", cancellationToken);

    private static string At(string name) => $"{Root}/{GatewayPath.Segment("name", name)}";
}
