using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Grains.Quotas;
using MlopsGrains.Storage.Journals;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// Keeps what runs told it and pulls what changed: a run says once that it is dirty, and the next search collects it first. So a search sees everything that
/// was acknowledged before it began, and a run that logs a million points between two searches costs one message. A sweep collects what nobody searched for.
/// Rows of runs that have ended are settled, which is stored; after a restart only the others are asked. A settled run that is about to change has that
/// stored before it changes, so a stored row is never older than its run. It interleaves, because it calls runs that may be calling it.
/// </summary>
[GrainType("run-index")]
[Reentrant]
[CollectionAgeLimit(Hours = 4)]
#pragma warning disable CA1001 // A semaphore that nobody takes a wait handle of owns nothing.
internal sealed partial class RunIndexGrain : JournalGrain<RunIndexState, RunIndexEvent>, IRunIndexGrain
#pragma warning restore CA1001
{
    /// <summary>In one shard; eight times as many in an experiment whose ids are spread well.</summary>
    public const int RunsMax = 250_000;

    private const int CallsAtOnce = 64;
    private const int SettledAtOnce = 250;
    private const int SweptAtOnce = 32;

    /// <summary>How far ahead of its page a search asks runs for a value at a step; it begins with the page.</summary>
    private const int AskedAheadMax = 2_000;

    private const int ReadAtOnce = 16;

    /// <summary>How long one search may ask runs for values at steps.</summary>
    private static readonly TimeSpan AskingMax = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan SweepPeriod = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan SweepPause = TimeSpan.FromMilliseconds(100);

    private readonly CommitGroup<RunIndexEvent> group;
    private readonly SemaphoreSlim calls = new(CallsAtOnce);
    private readonly Dictionary<string, Look> looks = new(StringComparer.Ordinal);
    private readonly HashSet<string> unsettled = new(StringComparer.Ordinal);
    private readonly HashSet<string> settling = new(StringComparer.Ordinal);
    private RunIndexState index = new();
    private HashSet<string> dirty = new(StringComparer.Ordinal);
    private HashSet<string> dirtyAtLastSweep = [];
    private readonly TimeProvider time;
    private readonly long textBytesMax;
    private readonly ISiloStatusOracle silos;
    private readonly ILogger<RunIndexGrain> logger;
    private Following? following;
    private Task settler = Task.CompletedTask;

    public RunIndexGrain(IJournal journal, IOptions<QuotaOptions> quotas, TimeProvider time, ISiloStatusOracle silos, ILogger<RunIndexGrain> logger)
        : base(journal, new RunIndexCodec())
    {
        this.time = time;
        textBytesMax = quotas.Value.ExperimentBytesMax == 0 ? long.MaxValue : quotas.Value.ExperimentBytesMax / RunShards.Count;
        this.silos = silos;
        this.logger = logger;
        group = new CommitGroup<RunIndexEvent>(100, 10_000, events => Record(Joined(events)));
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);

        // Held here, because while an event is being stored the log adaptor's own view of the state is that of the future.
        index = State;
        dirty.UnionWith(index.Unsettled);
        this.RegisterGrainTimer(Sweep, new GrainTimerCreationOptions(SweepPeriod, SweepPeriod) { Interleave = true });
    }

    public async Task Add(string runId, CancellationToken cancellationToken = default)
    {
        if (!index.Contains(runId))
        {
            if (index.Count >= RunsMax)
            {
                throw MlopsException.Invalid(
                    "experimentId", $"The experiment has about {(long)RunsMax * RunShards.Count} runs, which is the most one may have; use another one.");
            }

            if (index.Table.Texts.Bytes > textBytesMax)
            {
                throw new MlopsException(
                    ErrorKind.TooLarge,
                    $"The names, params, tags and inputs of the experiment's runs take about {textBytesMax * RunShards.Count} bytes, the most that one may have ({QuotaOptions.Section}:{nameof(QuotaOptions.ExperimentBytesMax)}); remove runs, or use another experiment.",
                    "experimentId");
            }

            await group.Add(new RunsAdded([runId]));
        }

        dirty.Add(runId);
    }

    public Task MarkDirty(string runId, CancellationToken cancellationToken = default)
    {
        dirty.Add(runId);
        return settling.Contains(runId) || (index.Table.TryFind(runId, out var block, out var row) && block.IsSettled(row))
            ? group.Add(new RowsUnsettled([runId]))
            : Task.CompletedTask;
    }

    public async Task Remove(IReadOnlyList<string> runIds, CancellationToken cancellationToken = default)
    {
        await group.Add(new RunsRemoved(runIds));
        dirty.ExceptWith(runIds);
    }

    public async Task Purge(CancellationToken cancellationToken = default)
    {
        await DeleteStored();
        index = State;
        dirty.Clear();
        DeactivateOnIdle();
    }

    public async Task<RunMatches> Search(RunIndexQuery query, CancellationToken cancellationToken = default)
    {
        var filter = RunFilter.Parse(query.Filter);
        var order = RunOrder.Parse(query.OrderBy);
        await CollectDirty();
        var values = new StepValues(filter.Points);
        var (began, asked) = (time.GetTimestamp(), 0);
        for (var ahead = query.MaxResults; ; ahead = Math.Max(ahead, Math.Min(ahead * 2, AskedAheadMax)))
        {
            var (hits, more) = RunScan.Find(index.Table, filter.Bind(index.Table, values), order, query.View, query.After, ahead);
            var unknown = hits.FindIndex(hit => values.Asks(hit.Block, hit.Row));
            if (unknown < 0 || unknown >= query.MaxResults)
            {
                return await Page(hits[..Math.Min(hits.Count, query.MaxResults)], more || hits.Count > query.MaxResults);
            }

            if (time.GetElapsedTime(began) > AskingMax)
            {
                throw MlopsException.Invalid(
                    "filter", $"Invalid filter: at(…) has asked {asked} runs of one index shard in {AskingMax.TotalSeconds} seconds, and others are left; add comparisons that leave fewer of them.");
            }

            cancellationToken.ThrowIfCancellationRequested();
            var ids = hits.Where(hit => values.Asks(hit.Block, hit.Row)).Select(hit => hit.Place.RunId).ToList();
            asked += ids.Count;
            await Task.WhenAll(ids.Select(id => Call(() => Ask(id, values))));
        }
    }

    public async Task<IReadOnlyList<RunGroupPart>> Group(RunGroupQuery query, CancellationToken cancellationToken = default)
    {
        await CollectDirty();
        return RunGroups.Parts(index.Table, query);
    }

    public async Task<bool> Follow(LifecycleStage stage, TimeSpan patience, CancellationToken cancellationToken = default)
    {
        if (index.Count == 0)
        {
            return true;
        }

        if (following?.Stage != stage)
        {
            following = new Following(stage, new HashSet<string>(index.Waiting.Concat(index.Table.Rows.Select(r => r.Block.Id(r.Row))), StringComparer.Ordinal));
            await group.Add(new RunsMoved(stage));
        }

        var mine = following;
        mine.Done = mine.Done.IsCompleted ? FollowAll(mine) : mine.Done;
        await Task.WhenAny(mine.Done, Task.Delay(patience, cancellationToken));
        if (mine.Left.Count > 0)
        {
            return false;
        }

        following = following == mine ? null : following;
        return true;
    }

    protected override void Apply(RunIndexState state, RunIndexEvent e) => state.Apply(e);

    /// <summary>Events of one kind in a row become one.</summary>
    private static List<RunIndexEvent> Joined(IReadOnlyList<RunIndexEvent> events)
    {
        var joined = new List<RunIndexEvent>();
        foreach (var e in events)
        {
            switch (joined.LastOrDefault(), e)
            {
                case (RunsAdded before, RunsAdded added):
                    joined[^1] = new RunsAdded([.. before.RunIds, .. added.RunIds]);
                    break;
                case (RowsUnsettled before, RowsUnsettled unsettled):
                    joined[^1] = new RowsUnsettled([.. before.RunIds, .. unsettled.RunIds]);
                    break;
                default:
                    joined.Add(e);
                    break;
            }
        }

        return joined;
    }

    private async Task<RunMatches> Page(List<RunHit> hits, bool more)
    {
        // All are read before the first question: rows move while it is answered.
        var (runs, cut) = (new List<Run>(hits.Count), false);
        for (var characters = 0L; runs.Count < hits.Count && characters < RunSize.PageMax;)
        {
            var run = index.Table.Read(hits[runs.Count].Block, hits[runs.Count].Row).Run;
            runs.Add(run);
            characters += RunSize.Of(run);
            cut = cut || ResidentTexts.IsCut(run);
        }

        if (cut)
        {
            runs = await Whole(runs);
        }

        return new RunMatches(runs, [.. hits.Take(runs.Count).Select(hit => hit.Place)], !more && runs.Count == hits.Count);
    }

    /// <summary>The same runs with all of their texts, or the first of them that fill a page.</summary>
    private async Task<List<Run>> Whole(List<Run> runs)
    {
        var whole = new List<Run>(runs.Count);
        var characters = 0L;
        foreach (var batch in runs.Chunk(ReadAtOnce))
        {
            foreach (var run in await Task.WhenAll(batch.Select(run => ResidentTexts.IsCut(run) ? Whole(run) : Task.FromResult(run))))
            {
                if (characters >= RunSize.PageMax)
                {
                    return whole;
                }

                whole.Add(run);
                characters += RunSize.Of(run);
            }
        }

        return whole;
    }

    private async Task<Run> Whole(Run run)
    {
        var whole = run;
        await Call(async () =>
        {
            try
            {
                whole = await GrainFactory.GetGrain<IExperimentMember>(run.Info.RunId).Read() ?? run;
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.DataLoss)
            {
                LogUnreadable(run.Info.RunId, e);
            }
        });
        return whole;
    }

    private async Task Ask(string id, StepValues values)
    {
        var member = GrainFactory.GetGrain<IExperimentMember>(id);
        foreach (var point in values.Points)
        {
            double? value = null;
            try
            {
                value = await member.ValueAt(point.Key, point.Step);
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.DataLoss)
            {
                LogUnreadable(id, e);
            }

            values.Set(RunKey.Of(id).Key, point, value);
        }
    }

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

    /// <summary>Runs whose call fails stay left.</summary>
    private async Task FollowAll(Following those)
    {
        await Task.Yield();
        foreach (var batch in those.Left.ToList().Chunk(CallsAtOnce))
        {
            if (following != those)
            {
                return;
            }

            await Task.WhenAll(batch.Select(id => Call(async () =>
            {
                try
                {
                    await GrainFactory.GetGrain<IExperimentMember>(id).Follow(those.Stage);
                    those.Left.Remove(id);
                }
                catch (MlopsException e) when (e.Kind == ErrorKind.DataLoss)
                {
                    LogUnreadable(id, e);
                    those.Left.Remove(id);
                }
                catch (Exception e) when (e is MlopsException or OrleansException or TimeoutException)
                {
                    LogNotFollowed(id, e);
                }
            })));
        }
    }

    private async Task Call(Func<Task> call)
    {
        await calls.WaitAsync();
        try
        {
            await call();
        }
        finally
        {
            calls.Release();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {RunId} could not follow its experiment yet")]
    private partial void LogNotFollowed(string runId, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Run {RunId} cannot be read; searches go on without what is new in it")]
    private partial void LogUnreadable(string runId, Exception exception);

    private sealed class Following(LifecycleStage stage, HashSet<string> left)
    {
        public LifecycleStage Stage => stage;

        public HashSet<string> Left => left;

        public Task Done { get; set; } = Task.CompletedTask;
    }

    private sealed class Look
    {
        public Task Done { get; set; } = Task.CompletedTask;
    }
}
