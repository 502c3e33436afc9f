using System.Runtime.CompilerServices;
using MlopsGrains.Client.Http;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client;

/// <summary>Removes deleted runs, logged models and experiments for good, and stored bytes that nothing names any more.</summary>
public sealed class RetentionClient
{
    private readonly GatewayHttp http;

    internal RetentionClient(GatewayHttp http) => this.http = http;

    /// <summary>Step by step until everything was looked at. Each step is done when it is given; stopping between two loses nothing.</summary>
    /// <param name="deletedFor">How long it has been deleted, 0–3,650 days in whole seconds; <see langword="null"/> for the server's setting (30 days).</param>
    /// <param name="dryRun">Counts only.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    public async IAsyncEnumerable<RetentionStep> CollectAsync(
        TimeSpan? deletedFor = null, bool dryRun = false, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? pageToken = null;
        do
        {
            var order = new { DeletedForSeconds = deletedFor is { } time ? (long)time.TotalSeconds : (long?)null, DryRun = dryRun, PageToken = pageToken };
            var step = await http.ReadAsync<RetentionStep>(
                new GatewayCall(HttpMethod.Post, "api/v1/retention/gc", Repeat.Always, GatewayHttp.Json(order)), cancellationToken);
            yield return step;
            pageToken = step.NextPageToken;
        }
        while (pageToken is not null);
    }
}
