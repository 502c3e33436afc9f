using System.Collections.Concurrent;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Experiments;

namespace MlopsGrains.Gateway.Identity;

/// <summary>Which experiment a run or a logged model belongs to. That never changes, so it is remembered.</summary>
internal sealed class Owners(IGrainFactory grains)
{
    private const int RememberedMax = 100_000;

    private readonly ConcurrentDictionary<string, string> _experiments = new(StringComparer.Ordinal);

    /// <summary><see langword="null"/> when there is no such run.</summary>
    public ValueTask<string?> OfRun(string id, CancellationToken cancellationToken) =>
        !ExperimentIds.IsRun(id) ? default : Of("run/" + id, async () => (await grains.GetGrain<IRunGrain>(id).Get(cancellationToken))?.Info.ExperimentId);

    /// <summary><see langword="null"/> when there is no such model.</summary>
    public ValueTask<string?> OfLoggedModel(string id, CancellationToken cancellationToken) =>
        !ExperimentIds.IsModel(id) ? default : Of("model/" + id, async () => (await grains.GetGrain<ILoggedModelGrain>(id).Get(cancellationToken))?.ExperimentId);

    private async ValueTask<string?> Of(string key, Func<Task<string?>> read)
    {
        if (_experiments.TryGetValue(key, out var known))
        {
            return known;
        }

        if (await read() is not { } experiment)
        {
            return null;
        }

        if (_experiments.Count >= RememberedMax)
        {
            _experiments.Clear();
        }

        return _experiments[key] = experiment;
    }
}
