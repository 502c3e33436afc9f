using System.Globalization;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Governance;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Experiments;

/// <summary>The thin shell around <see cref="RunRules"/>: decides, tells the index that it changes, journals, answers.</summary>
[GrainType("run")]
internal sealed class RunGrain(IJournal journal, TimeProvider time)
    : JournalGrain<RunState, RunEvent>(journal, new RunJournalCodec()), IRunGrain, IExperimentMember
{
    private static readonly MetricHistory NoHistory = new(MetricColumns.Empty, null);

    private bool dirty;
    private bool onlyCollected = true;
    private Run? view;

    private string Id => this.GetPrimaryKeyString();

    public async Task<Run> Create(NewRun run, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        if (State.Exists)
        {
            return View();
        }

        ArgumentNullException.ThrowIfNull(run);
        var experiment = await Experiment(run.ExperimentId).Get(cancellationToken) ?? throw MlopsException.NotFound("Experiment", run.ExperimentId);
        RequireActive(experiment);
        var created = RunRules.Create(Id, run, experiment, time.GetUtcNow());
        var index = GrainFactory.GetGrain<IRunIndexGrain>(run.ExperimentId);
        await index.Add(Id, CancellationToken.None);
        dirty = true;
        await Store(created, CancellationToken.None);

        // An experiment that is deleted meanwhile marks the runs that it finds; one that came too late for that marks itself.
        if (await Experiment(run.ExperimentId).Get(CancellationToken.None) is { LifecycleStage: LifecycleStage.Deleted } deleted)
        {
            await Store(new LifecycleChanged(LifecycleStage.Deleted), CancellationToken.None);
            RequireActive(deleted);
        }

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
        onlyCollected = false;
        if (RunRules.Update(State, Id, update) is { } updated)
        {
            var (name, status) = (State.RunName, State.Status);
            await Store(updated, cancellationToken);
            await AuditUpdate(name, status);
        }

        return State.Info(Id);
    }

    public Task LogBatch(RunBatch batch, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        return RunRules.LogBatch(State, Id, batch) is { } logged ? Store(logged, cancellationToken) : Task.CompletedTask;
    }

    public async Task DeleteTag(string key, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        await Store(RunRules.DeleteTag(State, Id, key), cancellationToken);
        await Audit("run.tag-deleted", new() { ["key"] = key });
    }

    public async Task LogInputs(IReadOnlyList<DatasetInput> datasets, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        if (RunRules.LogInputs(State, Id, datasets) is { } logged)
        {
            await Store(logged, cancellationToken);
            await Audit("run.inputs-logged", new()
            {
                ["datasets"] = TrackingLimits.Truncate(string.Join(", ", logged.Datasets.Select(d => $"{d.Name}@{d.Digest}")), 4000),
            });
        }
    }

    public async Task LogModels(IReadOnlyList<string> inputs, IReadOnlyList<ModelOutput> outputs, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        if (RunRules.LogModels(State, Id, inputs, outputs) is { } logged)
        {
            await Store(logged, cancellationToken);
            await Audit("run.models-logged", new()
            {
                ["inputs"] = TrackingLimits.Truncate(string.Join(", ", logged.Inputs), 4000),
                ["outputs"] = TrackingLimits.Truncate(string.Join(", ", logged.Outputs.Select(o => $"{o.ModelId}@{o.Step}")), 4000),
            });
        }
    }

    public Task LogModelDescription(string modelJson, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        return RunRules.LogModelDescription(State, Id, modelJson) is { } logged ? Store(logged, cancellationToken) : Task.CompletedTask;
    }

    public Task Delete(CancellationToken cancellationToken = default) => Move(LifecycleStage.Deleted, "run.deleted", cancellationToken);

    public Task Restore(CancellationToken cancellationToken = default) => Move(LifecycleStage.Active, "run.restored", cancellationToken);

    /// <summary>Not audited run by run: the experiment's own event says it.</summary>
    public async Task Follow(LifecycleStage stage, CancellationToken cancellationToken = default)
    {
        if (State.Exists && State.Stage != stage)
        {
            await Store(new LifecycleChanged(stage), cancellationToken);
        }
        else if (onlyCollected)
        {
            DeactivateOnIdle();
        }
    }

    public Task<MetricHistory> GetMetricHistory(string key, string? pageToken, int maxResults, CancellationToken cancellationToken = default)
    {
        onlyCollected = false;
        TrackingLimits.CheckPage("maxResults", maxResults, TrackingLimits.HistoryPageMax);
        return Task.FromResult(State.Metrics.TryGetValue(key, out var series) ? series.Page(key, string.IsNullOrEmpty(pageToken) ? null : pageToken, maxResults) : NoHistory);
    }

    public Task<CollectedRun?> Collect(CancellationToken cancellationToken = default)
    {
        dirty = false;
        if (onlyCollected)
        {
            // A run that woke up only for a rebuilding index makes room for the next one.
            DeactivateOnIdle();
        }

        return Task.FromResult(State.Exists ? new CollectedRun(View(), [.. View().Metrics.Select(m => State.Metrics[m.Key].Summary)]) : null);
    }

    public Task<double?> ValueAt(string key, long step, CancellationToken cancellationToken = default) =>
        Task.FromResult(State.Metrics.TryGetValue(key, out var series) ? series.ValueAt(step) : null);

    protected override void Apply(RunState state, RunEvent e) => state.Apply(e);

    /// <summary>
    /// Tells the index before the event is stored: whoever is told that it is stored can search for it, and a crash between the two costs one needless look.
    /// </summary>
    private async Task Store(RunEvent e, CancellationToken cancellationToken)
    {
        if (!dirty)
        {
            await GrainFactory.GetGrain<IRunIndexGrain>(State.ExperimentId).MarkDirty(Id, cancellationToken);
            dirty = true;
        }

        view = null;
        await Record(e);
        view = null;
    }

    private async Task Move(LifecycleStage stage, string action, CancellationToken cancellationToken)
    {
        onlyCollected = false;
        if (!State.Exists)
        {
            throw MlopsException.NotFound("Run", Id);
        }

        if (State.Stage != stage)
        {
            await Store(new LifecycleChanged(stage), cancellationToken);
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

    private Run View() => view ??= State.View(Id);

    private IExperimentGrain Experiment(string id) =>
        GrainFactory.GetGrain<IExperimentGrain>(string.IsNullOrEmpty(id) ? throw MlopsException.Invalid("experimentId", "experimentId is required.") : id);

    private Task Audit(string action, Dictionary<string, string> detail) =>
        GrainFactory.Audit(action, $"run/{Id}", detail);

    private static void RequireActive(Experiment experiment)
    {
        if (experiment.LifecycleStage != LifecycleStage.Active)
        {
            throw MlopsException.Invalid("experimentId", $"The experiment {experiment.ExperimentId} must be in the 'active' state. Current state is deleted.");
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
