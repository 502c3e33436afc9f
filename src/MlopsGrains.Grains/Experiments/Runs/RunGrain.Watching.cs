using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>Those who watch a run, and its experiment.</summary>
internal sealed partial class RunGrain
{
    public async Task<RunChanges> Watch(long? after, TimeSpan wait, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        RequireExists();
        recent.Watch(Version);
        if (after == Version)
        {
            await recent.Next(wait, cancellationToken);
            RequireExists();
        }

        if (after is not { } known || known > Version || !recent.Remembers(known))
        {
            return new RunChanges(Version, View(), []);
        }

        var changes = recent.After(known);
        return new RunChanges(changes.Count > 0 ? changes[^1].Version : known, null, changes.ConvertAll(c => c.Change));
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        recent.Close();
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    /// <summary>Tells the experiment's feed: of a run's life at once, of what it logs about once a second.</summary>
    private Task Show(ExperimentChangeKind kind)
    {
        if (kind == ExperimentChangeKind.Updated)
        {
            showing ??= this.RegisterGrainTimer(
                _ => Show(), new GrainTimerCreationOptions(ShownEvery, Timeout.InfiniteTimeSpan) { Interleave = true });
            return Task.CompletedTask;
        }

        return Feed.Tell(RunNews.Summary(kind, View()));
    }

    private Task Show()
    {
        showing?.Dispose();
        showing = null;
        return Feed.Tell(RunNews.Summary(ExperimentChangeKind.Updated, View()));
    }

    /// <summary>Those who wait for changes are answered before the activation goes.</summary>
    protected override void Leave()
    {
        recent.Close();
        base.Leave();
    }

    private IExperimentFeedGrain Feed => GrainFactory.GetGrain<IExperimentFeedGrain>(State.ExperimentId);
}
