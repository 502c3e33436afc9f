using MlopsGrains.Experiments;
using MlopsGrains.Grains.Calls;

namespace MlopsGrains.Grains.Experiments.Live;

/// <summary>Hears from an experiment's runs and tells those who watch. Versions begin at the activation's time, so that one of an earlier activation is known to be old.</summary>
[GrainType("experiment-feed")]
internal sealed class ExperimentFeedGrain(LongWait longWait, TimeProvider time) : Grain, IExperimentFeedGrain
{
    private readonly RecentChanges<ExperimentChange> recent = new(longWait, time, change => change.Metrics.Count);
    private long version = time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;

    public async Task<ExperimentChanges> Watch(long? after, TimeSpan wait, CancellationToken cancellationToken = default)
    {
        recent.Watch(version);
        if (after is not { } known || known > version || !recent.Remembers(known))
        {
            return new ExperimentChanges(version, true, []);
        }

        if (known == version)
        {
            await recent.Next(wait, cancellationToken);
        }

        if (!recent.Remembers(known))
        {
            return new ExperimentChanges(version, true, []);
        }

        var changes = recent.After(known);
        return new ExperimentChanges(changes.Count > 0 ? changes[^1].Version : known, false, changes.ConvertAll(c => c.Change));
    }

    public Task Tell(ExperimentChange change)
    {
        recent.Add(++version, change);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        recent.Close();
        return Task.CompletedTask;
    }
}
