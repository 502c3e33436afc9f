using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Live;
using MlopsGrains.Grains.Experiments.Retention;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Grains.Governance;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Grains.Quotas;
using MlopsGrains.Limits;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>The thin shell around <see cref="RunRules"/>: decides, tells the index that it changes, journals, answers.</summary>
[GrainType("run")]
internal sealed partial class RunGrain(IJournal journal, TextQuota quota, IOptions<QuotaOptions> quotas, ExperimentMetrics metrics, TimeProvider time, ILogger<RunGrain> logger)
    : JournalGrain<RunState, RunEvent>(journal, new RunJournalCodec()), IRunGrain, IExperimentMember, IAwaitedRun, IMetricSource, IRetainedRun, ISourceRun
{
    private static readonly MetricHistory NoHistory = new(MetricColumns.Empty, null);

    /// <summary>Of params, tags and dataset texts.</summary>
    private const long BigCharacters = 256 * 1024;

    /// <summary>How often a run that logs all the time is shown to those who watch its experiment.</summary>
    private static readonly TimeSpan ShownEvery = TimeSpan.FromSeconds(1);

    private readonly RecentChanges<RunChange> recent = new(time, RunNews.Weight);
    private bool dirty;
    private IGrainTimer? showing;
    private IGrainTimer? sleeping;
    private DateTimeOffset lastHeard = time.GetUtcNow();
    private bool awaited;
    private bool onlyCollected = true;
    private Run? view;

    private string Id => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        SleepSoonIfBig();
    }

    public async Task<Run> Create(NewRun run, CancellationToken cancellationToken = default)
    {
        NoteSignOfLife();
        if (State.Exists)
        {
            return View();
        }

        ArgumentNullException.ThrowIfNull(run);
        if (Version > 0)
        {
            throw new MlopsException(ErrorKind.Conflict, $"Run '{Id}' was deleted and removed for good; its id cannot be used again.", "runId");
        }

        var experiment = await Experiment(run.ExperimentId).Get(cancellationToken) ?? throw TrackingErrors.NoExperiment(run.ExperimentId);
        RequireActive(experiment);
        var created = RunRules.Create(Id, run, experiment, time.GetUtcNow());
        quota.Charge(created.Tags);
        await ExpectBeats(created.Tags.Any(t => t.Key == Heartbeat.TimeoutTag));
        await GrainFactory.RunIndexOf(run.ExperimentId, Id).Add(Id, CancellationToken.None);
        dirty = true;
        await Store(created, CancellationToken.None);

        // An experiment that is deleted meanwhile marks the runs that it finds; one that came too late for that marks itself.
        if (await Experiment(run.ExperimentId).Get(CancellationToken.None) is not { LifecycleStage: LifecycleStage.Active })
        {
            await Store(new LifecycleChanged(LifecycleStage.Deleted, Now()), CancellationToken.None);
            RequireActive(experiment with { LifecycleStage = LifecycleStage.Deleted });
        }

        SleepSoonIfBig();
        await Audit("run.created", new() { ["experiment"] = created.ExperimentId, ["name"] = created.RunName });
        return View();
    }

    public Task<Run?> Get(CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        return Task.FromResult(State.Exists ? View() : null);
    }

    public async Task<RunInfo> Update(RunUpdate update, CancellationToken cancellationToken = default)
    {
        NoteSignOfLife();
        if (RunRules.Update(State, Id, update) is { } updated)
        {
            var (name, status) = (State.RunName, State.Status);
            await ExpectBeats(updated.Status == RunStatus.Running && State.Tags.ContainsKey(Heartbeat.TimeoutTag));
            await Store(updated, cancellationToken);
            await AuditUpdate(name, status);
            if (RunState.HasEnded(State.Status))
            {
                await SnapshotAtEnd();
            }
        }

        return State.Info(Id);
    }

    public async Task LogBatch(RunBatch batch, CancellationToken cancellationToken = default)
    {
        NoteSignOfLife();
        if (RunRules.LogBatch(State, Id, batch) is not { } logged)
        {
            return;
        }

        quota.Charge(logged.Params);
        quota.Charge(logged.Tags);
        if (SealedRepeats.Find(State, logged.Metrics) is { Count: > 0 } suspects)
        {
            logged = logged with { Metrics = await WithoutRepeats(logged.Metrics, suspects) };
        }

        if (logged.Tags.Count > 0)
        {
            await ExpectBeats(logged.Tags.Any(t => t.Key == Heartbeat.TimeoutTag));
        }

        if (logged.Metrics.Count + logged.Params.Count + logged.Tags.Count > 0 || logged.Producer is not null)
        {
            await Store(logged, cancellationToken);
        }

        if (logged.Params.Count + logged.Tags.Count > 0)
        {
            SleepSoonIfBig();
        }
    }

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
        else if (time.GetUtcNow() - lastHeard >= timeout)
        {
            var (name, status) = (State.RunName, State.Status);
            await Store(Heartbeat.Fail(timeout, time.GetUtcNow()), cancellationToken);
            await AuditUpdate(name, status);
            await SnapshotAtEnd();
        }
    }

    public async Task DeleteTag(string key, CancellationToken cancellationToken = default)
    {
        NoteSignOfLife();
        await Store(RunRules.DeleteTag(State, Id, key), cancellationToken);
        await Audit("run.tag-deleted", new() { ["key"] = key });
    }

    public Task LogInputs(IReadOnlyList<DatasetInput> datasets, IReadOnlyList<string> models, CancellationToken cancellationToken = default) =>
        LogUse(datasets, models, [], cancellationToken);

    public Task LogOutputs(IReadOnlyList<ModelOutput> models, CancellationToken cancellationToken = default) => LogUse([], [], models, cancellationToken);

    private async Task LogUse(IReadOnlyList<DatasetInput> datasets, IReadOnlyList<string> inputs, IReadOnlyList<ModelOutput> outputs, CancellationToken cancellationToken)
    {
        NoteSignOfLife();
        var read = RunRules.LogInputs(State, Id, datasets);
        var logged = RunRules.LogModels(State, Id, inputs, outputs);
        if (read is null && logged is null)
        {
            return;
        }

        quota.Charge(read?.Datasets.SelectMany(d => new[] { d.Name, d.Source, d.Schema, d.Profile }) ?? []);
        await Store([.. new RunEvent?[] { read, logged }.OfType<RunEvent>()], cancellationToken);
        SleepSoonIfBig();
        if (read is not null)
        {
            await Audit("run.inputs-logged", new()
            {
                ["datasets"] = string.Join(", ", read.Datasets.Select(d => $"{d.Name}@{d.Digest}")).CutTo(4000),
            });
        }

        if (logged is not null)
        {
            await Audit("run.models-logged", new()
            {
                ["inputs"] = string.Join(", ", logged.Inputs).CutTo(4000),
                ["outputs"] = string.Join(", ", logged.Outputs.Select(o => $"{o.ModelId}@{o.Step}")).CutTo(4000),
            });
        }
    }

    public Task LogModelDescription(string modelJson, CancellationToken cancellationToken = default)
    {
        NoteSignOfLife();
        if (RunRules.LogModelDescription(State, Id, modelJson) is not { } logged)
        {
            return Task.CompletedTask;
        }

        quota.Charge(logged.Tags);
        return Store(logged, cancellationToken);
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

    public Task<MetricHistory> GetMetricHistory(string key, string? pageToken, int maxResults, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        Limit.Page("maxResults", maxResults, TrackingLimits.HistoryPageMax);
        return Reader(key) is { } reader ? reader.Page(key, pageToken, maxResults) : Task.FromResult(NoHistory);
    }

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

    public Task<MetricBuckets> GetMetricBuckets(string key, int buckets, long startStep, long endStep, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        if (buckets is < 2 or > TrackingLimits.HistoryBucketsMax)
        {
            throw MlopsException.Invalid("points", $"points is {buckets}; expected 2–{TrackingLimits.HistoryBucketsMax}.");
        }

        if (startStep > endStep)
        {
            throw MlopsException.Invalid("startStep", $"startStep is {startStep} and endStep {endStep}; the start comes first.");
        }

        return Reader(key) is { } reader ? reader.Buckets(buckets, startStep, endStep) : Task.FromResult(new MetricBuckets(1, []));
    }

    public Task<CollectedRun?> Collect(CancellationToken cancellationToken = default)
    {
        dirty = false;
        if (onlyCollected)
        {
            // A run that woke up only for the index makes room for the next one.
            DeactivateOnIdle();
        }

        return Task.FromResult(State.Exists ? new CollectedRun(View(), [.. View().Metrics.Select(m => State.Metrics[m.Key].Head.Numbers)]) : null);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        recent.Close();
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    public Task<Run?> Read(CancellationToken cancellationToken = default)
    {
        if (onlyCollected)
        {
            DeactivateOnIdle();
        }

        return Task.FromResult(State.Exists ? View() : null);
    }

    public Task<double?> ValueAt(string key, long step, CancellationToken cancellationToken = default)
    {
        if (onlyCollected)
        {
            DeactivateOnIdle();
        }

        return Reader(key) is { } reader ? reader.ValueAt(step) : Task.FromResult<double?>(null);
    }

    public async Task<MetricSteps> GetSteps(string key, long startStep, long endStep, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        var steps = Reader(key) is { } reader ? await reader.Steps(startStep, endStep) : [];
        return new MetricSteps([.. steps.Select(s => s.First)], [.. steps.Select(s => s.Stride)], [.. steps.Select(s => s.Count)]);
    }

    public Task<MetricColumns> GetPointsAt(string key, long[] steps, int maxResults, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        return Reader(key) is { } reader ? reader.PointsAt(key, steps, maxResults) : Task.FromResult(MetricColumns.Empty);
    }

    protected override void Recorded(IReadOnlyList<RunEvent> events) => metrics.Happened(events);

    protected override void Apply(RunState state, RunEvent e) => state.Apply(e);

    /// <summary>Puts the tails of the series away.</summary>
    protected override async Task<StateSnapshot> Snapshot()
    {
        var done = await RunSealing.Seal(State, Open);
        return new StateSnapshot(State.With(done.Series), done.Chunks, () => State.Replace(done.Series));
    }

    private SeriesReader? Reader(string key) =>
        State.Metrics.TryGetValue(key, out var series) ? new SeriesReader(series, chunk => Open(key, chunk), $"points of {Id} {key}") : null;

    /// <summary>A chunk that is damaged or missing takes nothing with it but the answers that need its points.</summary>
    private async Task<SeriesPoints> Open(string key, SealedChunk chunk)
    {
        try
        {
            return chunk.Open((await ReadChunk(key, chunk.Number)).Span);
        }
        catch (InvalidDataException e)
        {
            LogDamaged(Stream, key, chunk.Number, e);
            throw new MlopsException(
                ErrorKind.DataLoss,
                string.Create(CultureInfo.InvariantCulture, $"{chunk.Count} points of metric '{key}', steps {chunk.StepMin}–{chunk.StepMax}, cannot be read: chunk {chunk.Number} of stream '{Stream}' is damaged. {e.Message}"));
        }
    }

    private async Task<MetricColumns> WithoutRepeats(MetricColumns points, IReadOnlyList<SealedRepeats.Suspect> suspects)
    {
        var repeats = new HashSet<int>();
        foreach (var together in suspects.GroupBy(s => (s.Key, s.Chunk.Number)))
        {
            var chunk = await Open(together.Key.Key, together.First().Chunk);
            repeats.UnionWith(together.Select(s => s.Index).Where(i => SealedRepeats.Holds(chunk, SealedRepeats.PointAt(points, i))));
        }

        return repeats.Count == 0 ? points : SealedRepeats.Without(points, repeats);
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private void NoteSignOfLife()
    {
        onlyCollected = false;
        lastHeard = time.GetUtcNow();
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
                    if (time.GetUtcNow() - lastHeard >= stays && !recent.IsWatched && Heartbeat.Awaited(State) is null)
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

    private Task Store(RunEvent e, CancellationToken cancellationToken) => Store([e], cancellationToken);

    /// <summary>
    /// Tells the index before the events are stored: whoever is told that they are stored can search for them, and a crash between the two costs one needless look.
    /// </summary>
    private async Task Store(IReadOnlyList<RunEvent> events, CancellationToken cancellationToken)
    {
        if (!dirty)
        {
            await GrainFactory.RunIndexOf(State.ExperimentId, Id).MarkDirty(Id, cancellationToken);
            dirty = true;
        }

        await StoreKnown(events);
    }

    private async Task StoreKnown(IReadOnlyList<RunEvent> events)
    {
        var before = State.Info(Id); // Somebody may begin to watch while this is being stored.
        view = null;
        await Record(events);
        view = null;
        for (var i = 0; recent.IsWatched && i < events.Count; i++)
        {
            var version = Version - events.Count + 1 + i;
            recent.Add(version, RunNews.Change(events[i], version, before, State.Info(Id)));
        }

        await Show(RunNews.Kind(events[0]));
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

    private async Task Move(LifecycleStage stage, string action, CancellationToken cancellationToken)
    {
        NoteSignOfLife();
        RequireExists();
        if (State.Stage != stage)
        {
            await Store(new LifecycleChanged(stage, Now()), cancellationToken);
            await Audit(action, []);
        }
    }

    private async Task AuditUpdate(string name, RunStatus status)
    {
        if (State.Status != status)
        {
            var detail = new Dictionary<string, string> { ["status"] = State.Status.ToString(), ["before"] = status.ToString() };
            if (RunState.HasEnded(State.Status))
            {
                detail["metricKeys"] = Number(State.Metrics.Count);
                detail["metricPoints"] = Number(State.Points);
                detail["params"] = Number(State.Params.Count);
                detail["tags"] = Number(State.Tags.Count);
                detail["inputs"] = Number(State.Inputs.Count);
            }

            await Audit(RunState.HasEnded(State.Status) ? "run.ended" : "run.status-changed", detail);
        }

        if (State.RunName != name)
        {
            await Audit("run.renamed", new() { ["name"] = State.RunName, ["before"] = name });
        }
    }

    private IExperimentFeedGrain Feed => GrainFactory.GetGrain<IExperimentFeedGrain>(State.ExperimentId);

    private void RequireExists()
    {
        if (!State.Exists)
        {
            throw TrackingErrors.NoRun(Id);
        }
    }

    private Run View() => view ??= State.View(Id);

    private IExperimentGrain Experiment(string id) =>
        GrainFactory.GetGrain<IExperimentGrain>(string.IsNullOrEmpty(id) ? throw MlopsException.Missing("experimentId") : id);

    private Task Audit(string action, Dictionary<string, string> detail) =>
        GrainFactory.Audit(action, $"run/{Id}", detail);

    private static void RequireActive(Experiment experiment)
    {
        if (experiment.LifecycleStage != LifecycleStage.Active)
        {
            throw TrackingErrors.ExperimentDeleted(experiment.ExperimentId);
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Error, Message = "Chunk {Number} of metric {Key} of stream {Stream} is damaged or missing")]
    private partial void LogDamaged(string stream, string key, long number, Exception exception);
}
