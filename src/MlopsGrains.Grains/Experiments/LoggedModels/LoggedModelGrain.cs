using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Experiments.Artifacts;
using MlopsGrains.Grains.Experiments.Runs;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Grains.Quotas;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>The thin shell around <see cref="LoggedModelRules"/>: decides, tells the index that it changes, journals, answers.</summary>
[GrainType("logged-model")]
internal sealed class LoggedModelGrain(IJournal journal, TextQuota quota, TimeProvider time)
    : JournalGrain<LoggedModelState, LoggedModelEvent>(journal, new JsonJournalCodec<LoggedModelState, LoggedModelEvent>()), ILoggedModelGrain, IRetainedLoggedModel
{
    private bool dirty;

    private string Id => this.GetPrimaryKeyString();

    public async Task<LoggedModel> Create(NewLoggedModel model, CancellationToken cancellationToken = default)
    {
        if (State.Exists)
        {
            return State.View(Id);
        }

        ArgumentNullException.ThrowIfNull(model);
        if (Version > 0)
        {
            throw new MlopsException(ErrorKind.Conflict, $"Logged model '{Id}' was removed for good; its id cannot be used again.", "modelId");
        }

        if (string.IsNullOrEmpty(model.ExperimentId))
        {
            throw MlopsException.Missing("experimentId");
        }

        var experiment = await GrainFactory.GetGrain<IExperimentGrain>(model.ExperimentId).Get(cancellationToken)
            ?? throw TrackingErrors.NoExperiment(model.ExperimentId);
        if (experiment.LifecycleStage != LifecycleStage.Active)
        {
            throw TrackingErrors.ExperimentDeleted(experiment.ExperimentId);
        }

        var created = LoggedModelRules.Create(Id, model, experiment, time.GetUtcNow());
        quota.Charge([.. model.Params ?? [], .. model.Tags ?? []]);
        await Index(created.ExperimentId).Add(Id, CancellationToken.None);
        dirty = true;
        await Record(created, Told("logged-model.created", new() { ["experiment"] = created.ExperimentId, ["name"] = created.Name, ["run"] = created.SourceRunId ?? "" }));
        return State.View(Id);
    }

    public Task<LoggedModel?> Get(CancellationToken cancellationToken = default) => Task.FromResult(State.Exists ? State.View(Id) : null);

    public async Task<LoggedModel> SetStatus(LoggedModelStatus status, CancellationToken cancellationToken = default)
    {
        if (LoggedModelRules.SetStatus(State, Id, status, time.GetUtcNow()) is { } set)
        {
            await Store(set, Told("logged-model.status-changed", new() { ["status"] = status.ToString() }));
        }

        return State.View(Id);
    }

    public async Task<LoggedModel> SetTags(IReadOnlyList<Tag> tags, CancellationToken cancellationToken = default)
    {
        if (LoggedModelRules.SetTags(State, Id, tags, time.GetUtcNow()) is { } set)
        {
            quota.Charge(tags);
            await Store(set);
        }

        return State.View(Id);
    }

    public async Task<LoggedModel> DeleteTag(string key, CancellationToken cancellationToken = default)
    {
        await Store(LoggedModelRules.DeleteTag(State, Id, key, time.GetUtcNow()), Told("logged-model.tag-deleted", new() { ["key"] = key }));
        return State.View(Id);
    }

    public Task LogParams(IReadOnlyList<Tag> parameters, CancellationToken cancellationToken = default)
    {
        if (LoggedModelRules.LogParams(State, Id, parameters, time.GetUtcNow()) is not { } logged)
        {
            return Task.CompletedTask;
        }

        quota.Charge(parameters);
        return Store(logged);
    }

    public Task CheckMetrics(IReadOnlyList<LoggedModelMetric> metrics, CancellationToken cancellationToken = default)
    {
        LoggedModelRules.LogMetrics(State, Id, metrics, time.GetUtcNow());
        return Task.CompletedTask;
    }

    public Task LogMetrics(IReadOnlyList<LoggedModelMetric> metrics, CancellationToken cancellationToken = default) =>
        LoggedModelRules.LogMetrics(State, Id, metrics, time.GetUtcNow()) is { } logged ? Store(logged) : Task.CompletedTask;

    public async Task AddRegistration(ModelRegistration registration, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(registration);
        if (LoggedModelRules.AddRegistration(State, Id, registration, time.GetUtcNow()) is { } added)
        {
            await Store(added);
        }
    }

    public Task Delete(CancellationToken cancellationToken = default) => Store(LoggedModelRules.Delete(State, Id, time.GetUtcNow()), Told("logged-model.deleted", []));

    public Task<LoggedModel?> Collect(CancellationToken cancellationToken = default)
    {
        dirty = false;
        return Get(cancellationToken);
    }

    public async Task<int?> Purge(long deletedBefore, bool withExperiment, bool dryRun, CancellationToken cancellationToken = default)
    {
        if (!State.Exists)
        {
            // One that never was may be about to be.
            return Version > 0 ? 0 : null;
        }

        var goes = withExperiment || (State.SourceRunId is { Length: > 0 } run && await GrainFactory.GetGrain<ISourceRun>(run).IsGone(cancellationToken));
        if (!LoggedModelRules.IsDue(State, deletedBefore, goes))
        {
            return null;
        }

        if (dryRun)
        {
            return 0;
        }

        var files = await GrainFactory.PurgeArtifacts(State.ArtifactUri);
        await DeleteStored();
        DeactivateOnIdle();
        return files;
    }

    protected override void Apply(LoggedModelState state, LoggedModelEvent e) => state.Apply(e);

    /// <summary>
    /// Tells the index before the event is stored: whoever is told that it is stored can search for it, and a crash between the two costs one needless look.
    /// </summary>
    private async Task Store(LoggedModelEvent e, params IReadOnlyList<AuditEntry> audit)
    {
        if (!dirty)
        {
            await Index(State.ExperimentId).MarkDirty(Id, CancellationToken.None);
            dirty = true;
        }

        await Record(e, audit);
    }

    private ILoggedModelIndexGrain Index(string experimentId) => GrainFactory.GetGrain<ILoggedModelIndexGrain>(experimentId);

    private AuditEntry Told(string action, Dictionary<string, string> detail) => new(action, $"logged-model/{Id}", detail);
}
