using MlopsGrains.Catalogs;
using MlopsGrains.Clocks;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Artifacts;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>Signs of life, deletion and restoration, sleep, and the end for good.</summary>
internal sealed partial class RunGrain
{
    public Task Beat(CancellationToken cancellationToken = default)
    {
        NoteSignOfLife();
        RunRules.Beat(State, Id);
        return ExpectBeats(State.Tags.ContainsKey(Heartbeat.TimeoutTag));
    }

    public async Task CheckHeartbeat(CancellationToken cancellationToken = default)
    {
        if (Heartbeat.Awaited(State) is not { } timeout)
        {
            await GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.AwaitedRuns).Remove(Id, cancellationToken);
            awaited = false;
        }
        else if (time.GetSteady() - lastHeard >= timeout)
        {
            var failed = Heartbeat.Fail(timeout, time.GetUtcNow());
            await Store(failed, cancellationToken, [.. RunRules.Told(State, Id, failed)]);
            await SnapshotAtEnd();
        }
    }

    public Task Delete(CancellationToken cancellationToken = default) => Move(LifecycleStage.Deleted, "run.deleted", cancellationToken);

    public Task Restore(CancellationToken cancellationToken = default) => Move(LifecycleStage.Active, "run.restored", cancellationToken);

    /// <summary>Not audited run by run: the experiment's own event says it. The index knows already, so it need not look again.</summary>
    public async Task Follow(LifecycleStage stage, CancellationToken cancellationToken = default)
    {
        if (State.Exists && State.Stage != stage)
        {
            await StoreKnown([new LifecycleChanged(stage, Now())]);
        }

        if (onlyCollected)
        {
            DeactivateOnIdle();
        }
    }

    public async Task<int?> Purge(long deletedBefore, bool dryRun, CancellationToken cancellationToken = default)
    {
        if (!State.Exists)
        {
            DeactivateOnIdle();
            return 0;
        }

        if (!dryRun && State is { Stage: LifecycleStage.Deleted, DeletedTime: 0 })
        {
            // When it was deleted was not written down: its time begins now.
            await Store(new LifecycleChanged(LifecycleStage.Deleted, Now()), cancellationToken);
        }

        int? files = null;
        if (State is { Stage: LifecycleStage.Deleted, DeletedTime: not 0 } && State.DeletedTime <= deletedBefore)
        {
            files = dryRun ? 0 : await GrainFactory.PurgeArtifacts(State.ArtifactUri);
            if (!dryRun)
            {
                await DeleteStored();
                view = null;
                Leave();
            }
        }
        else if (onlyCollected)
        {
            DeactivateOnIdle();
        }

        return files;
    }

    public Task<bool> IsGone(CancellationToken cancellationToken = default) => Task.FromResult(!State.Exists && Version > 0);

    private void NoteSignOfLife()
    {
        onlyCollected = false;
        lastHeard = time.GetSteady();
    }

    /// <summary>Not while it is watched, nor while signs of life are expected: how long ago the last one came is known only to who is awake.</summary>
    private void SleepSoonIfBig()
    {
        if (sleeping is null && State.Exists && State.Characters > BigCharacters)
        {
            var stays = quotas.Value.BigRunStays;
            sleeping = this.RegisterGrainTimer(
                _ =>
                {
                    if (time.GetSteady() - lastHeard >= stays && !recent.IsWatched && Heartbeat.Awaited(State) is null)
                    {
                        DeactivateOnIdle();
                    }

                    return Task.CompletedTask;
                },
                new GrainTimerCreationOptions(stays, stays) { Interleave = true });
        }
    }

    /// <summary>Puts the run on the list that is swept before it can be lost; it goes off the list when it is looked at in vain.</summary>
    private async Task ExpectBeats(bool expected)
    {
        if (expected && !awaited)
        {
            await GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.AwaitedRuns).Add(Id);
            awaited = true;
        }
    }

    private async Task Move(LifecycleStage stage, string action, CancellationToken cancellationToken)
    {
        NoteSignOfLife();
        RequireExists();
        if (State.Stage != stage)
        {
            await Store(new LifecycleChanged(stage, Now()), cancellationToken, Told(action, []));
        }
    }
}
