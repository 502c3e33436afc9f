using System.Text.Json;
using MlopsGrains.Client.Http;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Paging;

namespace MlopsGrains.Client;

/// <summary>Experiments.</summary>
public sealed class ExperimentsClient
{
    private const string Root = "api/v1/experiments";

    private readonly GatewayHttp http;
    private readonly TimeProvider time;

    internal ExperimentsClient(GatewayHttp http, TimeProvider time)
    {
        this.http = http;
        this.time = time;
    }

    /// <summary>Creates an experiment; a used name, also of a deleted one, is refused (<see cref="ErrorKind.AlreadyExists"/>).</summary>
    public Task<Experiment> CreateAsync(NewExperiment experiment, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return http.CreateAsync<Experiment>(Root, GatewayHttp.Json(experiment), idempotencyKey: null, cancellationToken);
    }

    /// <summary>The experiment of that id, deleted or not; throws <see cref="ErrorKind.NotFound"/>.</summary>
    public Task<Experiment> GetAsync(string experimentId, CancellationToken cancellationToken = default) =>
        http.GetAsync<Experiment>(At(experimentId), cancellationToken);

    /// <summary>Deletes an experiment and its runs softly: they can be restored until retention removes them. One that is deleted already is refused.</summary>
    public Task DeleteAsync(string experimentId, CancellationToken cancellationToken = default) =>
        http.DoAsync(new GatewayCall(HttpMethod.Delete, At(experimentId), Repeat.WhenRefused), cancellationToken);

    /// <summary>Brings a deleted experiment back, with all its runs. One that is not deleted is refused.</summary>
    public Task RestoreAsync(string experimentId, CancellationToken cancellationToken = default) =>
        http.DoAsync(new GatewayCall(HttpMethod.Post, $"{At(experimentId)}/restore", Repeat.WhenRefused), cancellationToken);

    /// <summary>The experiment of that name, created when there is none; a deleted one is refused (<see cref="ErrorKind.Conflict"/>).</summary>
    /// <param name="name">1–500 characters.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<Experiment> GetOrCreateAsync(string name, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (await FindByNameAsync(name, cancellationToken) is { } found)
        {
            return Living(found);
        }

        try
        {
            return await CreateAsync(new NewExperiment(name), cancellationToken);
        }
        catch (MlopsException e) when (e.Kind is ErrorKind.AlreadyExists or ErrorKind.Conflict)
        {
            // Someone else created it between the two calls.
            if (await FindByNameAsync(name, cancellationToken) is { } theirs)
            {
                return Living(theirs);
            }

            throw;
        }
    }

    /// <summary>The experiment of that name, deleted or not, or <see langword="null"/>.</summary>
    public async Task<Experiment?> FindByNameAsync(string name, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var quote = !name.Contains('\'', StringComparison.Ordinal) ? '\'' : !name.Contains('"', StringComparison.Ordinal) ? '"' : (char?)null;
        var filter = quote is null ? null : $"name = {quote}{name}{quote}"; // The grammar has no escape: a name with both quotes is looked for here.
        await foreach (var experiment in SearchAsync(filter, LifecycleView.All, cancellationToken))
        {
            if (experiment.Name == name)
            {
                return experiment;
            }
        }

        return null;
    }

    /// <summary>Experiments that match, newest first, read page by page.</summary>
    /// <param name="filter">MLflow's filter grammar over <c>name</c>, <c>creation_time</c>, <c>last_update_time</c> and <c>tags.x</c>; <see langword="null"/> for all.</param>
    /// <param name="view">Which lifecycle stages.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<Experiment> SearchAsync(string? filter = null, LifecycleView view = LifecycleView.ActiveOnly, CancellationToken cancellationToken = default) =>
        Pages.All((token, cancel) => SearchPageAsync(filter, view, limit: null, token, cancel), cancellationToken);

    /// <summary>One page of <see cref="SearchAsync"/>.</summary>
    /// <param name="filter">MLflow's filter grammar.</param>
    /// <param name="view">Which lifecycle stages.</param>
    /// <param name="limit">1–1,000; the server's default when <see langword="null"/>.</param>
    /// <param name="pageToken">From the page before.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Page<Experiment>> SearchPageAsync(
        string? filter = null, LifecycleView view = LifecycleView.ActiveOnly, int? limit = null, string? pageToken = null, CancellationToken cancellationToken = default)
    {
        var stages = view switch { LifecycleView.DeletedOnly => "deleted", LifecycleView.All => "all", _ => "active" };
        return http.GetAsync<Page<Experiment>>(Root + GatewayPath.Query(("filter", filter), ("view", stages), ("limit", limit), ("pageToken", pageToken)), cancellationToken);
    }

    /// <summary>
    /// Follows an experiment's runs live: those that begin, log (about once a second), end, are deleted or restored. Goes on where it was when the connection breaks.
    /// </summary>
    /// <param name="experimentId">The experiment.</param>
    /// <param name="after">Go on right after this version; from the present when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<ExperimentEvent> WatchAsync(string experimentId, long? after = null, CancellationToken cancellationToken = default) => EventSource.ReadAsync(
        http,
        $"{At(experimentId)}/events",
        after,
        static (type, id, data) => type switch
        {
            "reset" => new ExperimentEvent(id, null),
            "run" => new ExperimentEvent(id, JsonSerializer.Deserialize<ExperimentChange>(data, GatewayJson.Options)),
            _ => null,
        },
        time,
        cancellationToken);

    private static string At(string experimentId) => $"{Root}/{GatewayPath.Segment("experimentId", experimentId)}";

    private static Experiment Living(Experiment experiment) => experiment.LifecycleStage == LifecycleStage.Active
        ? experiment
        : throw MlopsException.Conflict($"experiment '{experiment.Name}' ({experiment.ExperimentId}) is deleted; restore it or take another name.");
}
