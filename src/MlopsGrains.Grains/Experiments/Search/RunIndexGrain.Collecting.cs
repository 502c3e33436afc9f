using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Experiments.Search;

/// <content>What changed is collected before a search, or by a sweep; what has ended is stored.</content>
internal sealed partial class RunIndexGrain
{
    private const int SettledAtOnce = 250;
    private const int SweptAtOnce = 32;

    private static readonly TimeSpan SweepPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Also waits for what another search is collecting: those runs no longer count as dirty, and their rows are not there yet.</summary>
    private async Task CollectDirty()
    {
        if (dirty.Count > 0)
        {
            var changed = dirty;
            dirty = new HashSet<string>(StringComparer.Ordinal);
            LookAt(changed);
        }

        if (looks.Count > 0)
        {
            await Task.WhenAll(looks.Values.Select(look => look.Done).ToList());
        }
    }

    private void LookAt(IEnumerable<string> ids)
    {
        foreach (var id in ids)
        {
            var look = new Look();
            looks.TryGetValue(id, out var before);
            looks[id] = look;
            look.Done = Collect(id, look, before?.Done);
        }
    }

    /// <summary>One look at a run at a time, so that an older answer never overwrites a newer one.</summary>
    private async Task Collect(string id, Look look, Task? before)
    {
        try
        {
            if (before is not null)
            {
                await Task.WhenAny(before);
            }

            await Call(() => CollectRow(id));
        }
        catch
        {
            dirty.Add(id);
            throw;
        }
        finally
        {
            // A later look at the same run waits for this one and has taken its place.
            if (looks.TryGetValue(id, out var last) && last == look)
            {
                looks.Remove(id);
            }
        }
    }

    private async Task CollectRow(string id)
    {
        CollectedRun? collected;
        try
        {
            collected = await GrainFactory.GetGrain<IExperimentMember>(id).Collect();
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.DataLoss)
        {
            // The others are to be found all the same; this one as it was known last, if it was. It is asked again after the next restart.
            LogUnreadable(id, e);
            return;
        }

        if (collected is null)
        {
            if (index.Table.Remove(id))
            {
                index.Waiting.Add(id);
            }

            return;
        }

        if (following is { } those && those.Left.Contains(id))
        {
            // The run has yet to hear what searches see already.
            collected = collected with { Run = collected.Run with { Info = collected.Run.Info with { LifecycleStage = those.Stage } } };
        }

        // A row that is not whole is asked for after a restart; what is stored is what the run said.
        var resident = ResidentTexts.Of(collected);
        index.Put(resident);
        if (collected.Run.Info.Status.HasEnded() && resident == collected)
        {
            unsettled.Add(id);
            settler = settler.IsCompleted ? SettleAll() : settler;
        }
    }

    /// <summary>Stores rows of runs that have ended and are clean. What could not be stored is only asked for again after a restart.</summary>
    private async Task SettleAll()
    {
        await Task.Yield();
        while (unsettled.Count > 0)
        {
            var ids = unsettled.Take(SettledAtOnce).ToList();
            unsettled.ExceptWith(ids);
            var rows = new List<CollectedRun>();
            foreach (var id in ids)
            {
                if (!dirty.Contains(id) && !looks.ContainsKey(id) && index.Table.TryFind(id, out var block, out var row) && !block.IsSettled(row))
                {
                    rows.Add(index.Table.Read(block, row));
                    settling.Add(id);
                }
            }

            if (rows.Count == 0)
            {
                continue;
            }

            try
            {
                await group.Add(new RowsSettled(rows));
            }
            catch (MlopsException)
            {
                return;
            }
            finally
            {
                settling.ExceptWith(ids);
            }
        }
    }

    /// <summary>
    /// Collects what has been dirty for a whole period, so that neither a search after a long silence nor a restart has to look at everything. A few at a time
    /// and with pauses: the shards of an experiment sweep together, and whoever adds runs meanwhile would wait for thousands of looks.
    /// </summary>
    private async Task Sweep(CancellationToken cancellationToken)
    {
        rankings.ForgetIdle();
        var quiet = dirty.Where(dirtyAtLastSweep.Contains).ToHashSet(StringComparer.Ordinal);
        dirtyAtLastSweep = [.. dirty.Where(id => !quiet.Contains(id))];
        foreach (var batch in quiet.Chunk(SweptAtOnce))
        {
            // A silo that stops wakes no grains any more.
            if (cancellationToken.IsCancellationRequested || silos.CurrentStatus.IsTerminating())
            {
                return;
            }

            LookAt(batch.Where(dirty.Remove));
            try
            {
                await Task.WhenAll(batch.Select(id => looks.TryGetValue(id, out var look) ? look.Done : Task.CompletedTask));
            }
#pragma warning disable CA1031 // A run that could not be collected is dirty again; the next search or sweep tries, and a search tells its caller.
            catch (Exception)
#pragma warning restore CA1031
            {
            }

            // Orleans warns of a timer that throws, also when it is stopped.
            await Task.Delay(SweepPause, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
