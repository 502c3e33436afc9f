using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Clocks;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Live;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Grains.Quotas;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>The thin shell around <see cref="RunRules"/>: decides, tells the index that it changes, journals, answers.</summary>
[GrainType("run")]
internal sealed partial class RunGrain(IJournal journal, TextQuota quota, IOptions<QuotaOptions> quotas, ExperimentMetrics metrics, LongWait longWait, TimeProvider time, ILogger<RunGrain> logger)
    : JournalGrain<RunState, RunEvent>(journal, new RunJournalCodec()), IRunGrain, IExperimentMember, IAwaitedRun, IMetricSource, IRetainedRun, ISourceRun
{
    private static readonly MetricHistory NoHistory = new(MetricColumns.Empty, null);

    /// <summary>Of params, tags and dataset texts.</summary>
    private const long BigCharacters = 256 * 1024;

    /// <summary>How often a run that logs all the time is shown to those who watch its experiment.</summary>
    private static readonly TimeSpan ShownEvery = TimeSpan.FromSeconds(1);

    private readonly RecentChanges<RunChange> recent = new(longWait, time, RunNews.Weight);
    private bool dirty;
    private IGrainTimer? showing;
    private IGrainTimer? sleeping;
    private TimeSpan lastHeard = time.GetSteady();
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
        await Store(created, CancellationToken.None, Told("run.created", new() { ["experiment"] = created.ExperimentId, ["name"] = created.RunName }));

        // An experiment that is deleted meanwhile marks the runs that it finds; one that came too late for that marks itself.
        if (await Experiment(run.ExperimentId).Get(CancellationToken.None) is not { LifecycleStage: LifecycleStage.Active })
        {
            await Store(new LifecycleChanged(LifecycleStage.Deleted, Now()), CancellationToken.None);
            RequireActive(experiment with { LifecycleStage = LifecycleStage.Deleted });
        }

        SleepSoonIfBig();
        return View();
    }

    public async Task<RunInfo> Update(RunUpdate update, CancellationToken cancellationToken = default)
    {
        NoteSignOfLife();
        if (RunRules.Update(State, Id, update) is { } updated)
        {
            await ExpectBeats(updated.Status == RunStatus.Running && State.Tags.ContainsKey(Heartbeat.TimeoutTag));
            await Store(updated, cancellationToken, [.. RunRules.Told(State, Id, [updated])]);
            if (State.Status.HasEnded())
            {
                await SnapshotAtEnd();
            }
        }

        return State.Info(Id);
    }

    protected override void Recorded(IReadOnlyList<RunEvent> events) => metrics.Happened(events);

    protected override void Apply(RunState state, RunEvent e) => state.Apply(e);

    /// <summary>Puts the tails of the series away.</summary>
    protected override async Task<StateSnapshot> Snapshot()
    {
        var done = await RunSealing.Seal(State, Open);
        return new StateSnapshot(State.With(done.Series), done.Chunks, () => State.Replace(done.Series));
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private Task Store(RunEvent e, CancellationToken cancellationToken, params IReadOnlyList<AuditEntry> audit) => Store([e], cancellationToken, audit);

    /// <summary>
    /// Tells the index before the events are stored: whoever is told that they are stored can search for them, and a crash between the two costs one needless look.
    /// </summary>
    private async Task Store(IReadOnlyList<RunEvent> events, CancellationToken cancellationToken, params IReadOnlyList<AuditEntry> audit)
    {
        if (!dirty)
        {
            await GrainFactory.RunIndexOf(State.ExperimentId, Id).MarkDirty(Id, cancellationToken);
            dirty = true;
        }

        await StoreKnown(events, audit);
    }

    private async Task StoreKnown(IReadOnlyList<RunEvent> events, params IReadOnlyList<AuditEntry> audit)
    {
        var before = State.Info(Id); // Somebody may begin to watch while this is being stored.
        view = null;
        await Record(events, audit);
        view = null;
        for (var i = 0; recent.IsWatched && i < events.Count; i++)
        {
            var version = Version - events.Count + 1 + i;
            recent.Add(version, RunNews.Change(events[i], version, before, State.Info(Id)));
        }

        await Show(RunNews.Kind(events[0]));
    }

    private void RequireExists()
    {
        if (!State.Exists)
        {
            throw TrackingErrors.NoRun(Id);
        }
    }

    private IExperimentGrain Experiment(string id) =>
        GrainFactory.GetGrain<IExperimentGrain>(string.IsNullOrEmpty(id) ? throw MlopsException.Missing("experimentId") : id);

    private AuditEntry Told(string action, Dictionary<string, string> detail) => new(action, $"run/{Id}", detail);

    private static void RequireActive(Experiment experiment)
    {
        if (experiment.LifecycleStage != LifecycleStage.Active)
        {
            throw TrackingErrors.ExperimentDeleted(experiment.ExperimentId);
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
