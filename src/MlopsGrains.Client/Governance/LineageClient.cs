using MlopsGrains.Client.Http;
using MlopsGrains.Governance;

namespace MlopsGrains.Client;

/// <summary>What things were made from, and what was made from them.</summary>
public sealed class LineageClient
{
    private readonly GatewayHttp http;

    internal LineageClient(GatewayHttp http) => this.http = http;

    /// <summary>The things around one; throws <see cref="Errors.ErrorKind.NotFound"/>. What the caller may not read is left out.</summary>
    /// <param name="of">
    /// <c>datasets/{name}/{version}</c>, <c>pipeline-runs/{id}</c>, <c>runs/{id}</c>, <c>models/{name}/{version}</c>, <c>deployments/{name}</c> or <c>monitors/{name}</c>; names as in
    /// a URL.
    /// </param>
    /// <param name="depth">Steps each way, 0 to <see cref="LineageGraph.DepthMax"/>; the server's default when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<LineageGraph> GetAsync(string of, int? depth = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<LineageGraph>("api/v1/lineage" + GatewayPath.Query(("of", of), ("depth", depth)), cancellationToken);
}
