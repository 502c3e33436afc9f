using MlopsGrains.Client.Http;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client;

/// <summary>Groups of repeated runs: how much a result varies, and whether two configurations differ by more than chance.</summary>
public sealed class RunGroupsClient
{
    private readonly GatewayHttp http;

    internal RunGroupsClient(GatewayHttp http) => this.http = http;

    /// <summary>Runs of one configuration, seeds left out; the groups with the most runs first.</summary>
    public async Task<IReadOnlyList<RunGroup>> FindAsync(RunGroupQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var body = new { query.Filter, query.SeedParams, query.Metrics, query.Confidence, query.RunsMin, query.MaxResults };
        return (await http.ReadAsync<Found>(new GatewayCall(HttpMethod.Post, Path(query), Repeat.Always, GatewayHttp.Json(body)), cancellationToken)).Groups;
    }

    /// <summary>Two groups that <see cref="FindAsync"/> gave for the same filter and seed params.</summary>
    /// <param name="query">Its <see cref="RunGroupQuery.RunsMin"/> and <see cref="RunGroupQuery.MaxResults"/> do not matter here.</param>
    /// <param name="first">Id of the group compared with.</param>
    /// <param name="second">Id of the other.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<RunGroupComparison> CompareAsync(RunGroupQuery query, string first, string second, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var body = new { First = first, Second = second, query.Filter, query.SeedParams, query.Metrics, query.Confidence };
        return http.ReadAsync<RunGroupComparison>(new GatewayCall(HttpMethod.Post, $"{Path(query)}/compare", Repeat.Always, GatewayHttp.Json(body)), cancellationToken);
    }

    private static string Path(RunGroupQuery query) => $"api/v1/experiments/{GatewayPath.Segment("experimentId", query.ExperimentId)}/groups";

    private sealed record Found(IReadOnlyList<RunGroup> Groups);
}
