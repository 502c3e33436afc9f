using Microsoft.Extensions.Logging;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Experiments.LoggedModels;
using MlopsGrains.Grains.Experiments.Runs;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Grains.Quotas;

namespace MlopsGrains.Grains.Experiments;

/// <summary>What is stored of an experiment.</summary>
internal sealed class ExperimentDocument : StoredDocument
{
    public Experiment? Experiment { get; set; }

    /// <summary>A name that may be reserved in the catalog already.</summary>
    public string? PendingName { get; set; }

    /// <summary>Whether some runs may not have the experiment's stage yet.</summary>
    public bool RunsFollow { get; set; }
}

/// <summary>
/// One experiment. A change that reaches further (a name in the catalog, the stage of all runs) is first written down as an intent, so that a crash in the
/// middle is finished by the next activation.
/// </summary>
[GrainType("experiment")]
internal sealed partial class ExperimentGrain(
    [PersistentState("experiment", MlopsStorage.Documents)] IPersistentState<ExperimentDocument> document,
    TextQuota quota,
    TimeProvider time,
    ILogger<ExperimentGrain> logger) : DocumentGrain<ExperimentDocument>(document), IExperimentGrain, IRetainedExperiment
{
    /// <summary>How long a deletion or restoration waits for the experiment's runs; an experiment of some ten thousand runs is done by then.</summary>
    private static readonly TimeSpan FollowPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FollowPause = TimeSpan.FromSeconds(1);

    private Experiment? stored;
    private bool settled;
    private IGrainTimer? following;

    private string Id => this.GetPrimaryKeyString();

    private IExperimentCatalogGrain Catalog => GrainFactory.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        stored = Document.Experiment;
        if (stored is not null)
        {
            this.RegisterGrainTimer(SettleInTime, new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
        }

        return Task.CompletedTask;
    }

    public async Task<Experiment?> Get(CancellationToken cancellationToken = default)
    {
        await EnsureDefault();
        return stored;
    }

    public async Task Initialize(Experiment experiment, CancellationToken cancellationToken = default)
    {
        if (stored is null)
        {
            settled = true;
            await Write(experiment);
        }
    }

    public async Task Rename(string name, CancellationToken cancellationToken = default)
    {
        var experiment = await RequireActive();
        ExperimentRules.CheckName(name);
        if (name == experiment.Name)
        {
            return;
        }

        await Write(experiment, pendingName: name);
        await FinishRename();
        await Publish();
    }

    public Task Delete(CancellationToken cancellationToken = default) => Move(LifecycleStage.Deleted, "experiment.deleted");

    public Task Restore(CancellationToken cancellationToken = default) => Move(LifecycleStage.Active, "experiment.restored");

    public async Task SetTag(string key, string value, CancellationToken cancellationToken = default)
    {
        var tagged = ExperimentRules.SetTag(await RequireActive(), key, value);
        quota.Charge(key, value);
        await Write(tagged, audit: Told("experiment.tag-set", new() { ["key"] = key, ["value"] = value ?? "" }));
        await Publish();
    }

    public async Task DeleteTag(string key, CancellationToken cancellationToken = default)
    {
        await Write(ExperimentRules.DeleteTag(await RequireActive(), key), audit: Told("experiment.tag-deleted", new() { ["key"] = key }));
        await Publish();
    }

    public async Task<IReadOnlyList<int?>> PurgeRuns(IReadOnlyList<string> runIds, long deletedBefore, bool dryRun, CancellationToken cancellationToken = default) =>
        Document.RunsFollow && stored!.LifecycleStage == LifecycleStage.Active
            ? new int?[runIds.Count]
            : await Task.WhenAll(runIds.Select(id => GrainFactory.GetGrain<IRetainedRun>(id).Purge(deletedBefore, dryRun, cancellationToken)));

    public async Task<IReadOnlyList<int?>> PurgeModels(IReadOnlyList<string> modelIds, long deletedBefore, bool dryRun, CancellationToken cancellationToken = default)
    {
        var withExperiment = stored is null || ExperimentRules.IsDue(stored, deletedBefore);
        return await Task.WhenAll(modelIds.Select(id =>
            GrainFactory.GetGrain<IRetainedLoggedModel>(id).Purge(deletedBefore, withExperiment, dryRun, cancellationToken)));
    }

    public async Task<bool> Purge(long deletedBefore, CancellationToken cancellationToken = default)
    {
        if (stored is null)
        {
            return true;
        }

        if (Document.RunsFollow || !ExperimentRules.IsDue(stored, deletedBefore))
        {
            return false;
        }

        await Clear();
        (stored, settled) = (null, true);
        DeactivateOnIdle();
        return true;
    }

    private async Task Move(LifecycleStage stage, string action)
    {
        var experiment = await Require();
        if (experiment.LifecycleStage == stage)
        {
            throw TrackingErrors.NoExperiment(Id, stage == LifecycleStage.Deleted ? "that is active" : "that is deleted");
        }

        await Write(experiment with { LifecycleStage = stage, LastUpdateTime = Now() }, runsFollow: true, audit: Told(action, new() { ["name"] = experiment.Name }));
        await Publish();
        await FinishRuns();
    }

    /// <summary>The default experiment exists from the start, whoever asks first.</summary>
    private async Task EnsureDefault()
    {
        if (stored is null && Id == ExperimentRules.DefaultId)
        {
            await Catalog.FindByName(ExperimentRules.DefaultName);
        }
    }

    private async Task<Experiment> Require()
    {
        await EnsureDefault();
        if (stored is null)
        {
            throw TrackingErrors.NoExperiment(Id);
        }

        await Settle();
        return stored;
    }

    private async Task<Experiment> RequireActive()
    {
        var experiment = await Require();
        return experiment.LifecycleStage == LifecycleStage.Active
            ? experiment
            : throw TrackingErrors.ExperimentDeleted(Id);
    }

    /// <summary>Finishes what an earlier activation began.</summary>
    private async Task Settle()
    {
        if (settled)
        {
            return;
        }

        if (Document.PendingName is not null)
        {
            try
            {
                await FinishRename();
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.AlreadyExists)
            {
                // Nobody was told that the name was free; FinishRename dropped the intent.
            }
        }

        await Publish();
        if (Document.RunsFollow)
        {
            await FinishRuns();
            return;
        }

        settled = true;
    }

    private async Task SettleInTime(CancellationToken cancellationToken)
    {
        try
        {
            await Settle();
        }
#pragma warning disable CA1031 // The next change tries again and tells its caller.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogUnsettled(Id, e);
        }
    }

    private async Task FinishRename()
    {
        var (experiment, name) = (stored!, Document.PendingName!);
        try
        {
            await Catalog.Rename(Id, name);
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.AlreadyExists)
        {
            await Write(experiment);
            throw;
        }

        await Write(experiment with { Name = name, LastUpdateTime = Now() }, audit: Told("experiment.renamed", new() { ["name"] = name, ["before"] = experiment.Name }));
    }

    /// <summary>Waits a while for the runs to follow; those of a big experiment take longer and are waited for by a timer.</summary>
    private async Task FinishRuns()
    {
        settled = false;
        var followed = await Task.WhenAll(GrainFactory.RunIndex(Id).Select(shard => shard.Follow(stored!.LifecycleStage, FollowPatience)));
        if (Array.TrueForAll(followed, all => all))
        {
            await Write(stored!, runsFollow: false);
            settled = true;
            return;
        }

        following?.Dispose();
        following = this.RegisterGrainTimer(SettleInTime, new GrainTimerCreationOptions(FollowPause, Timeout.InfiniteTimeSpan) { KeepAlive = true });
    }

    private Task Publish() => Catalog.Changed(stored!);

    /// <summary>What was not stored is not answered from: <see cref="stored"/> moves only after the write.</summary>
    /// <param name="experiment">As it is now.</param>
    /// <param name="pendingName">A rename that begins; every other write ends the one before.</param>
    /// <param name="runsFollow">Whether runs have yet to follow; as before when <see langword="null"/>, so that no other change drops it.</param>
    /// <param name="audit">What the audit chain hears of it.</param>
    private async Task Write(Experiment experiment, string? pendingName = null, bool? runsFollow = null, params IReadOnlyList<AuditEntry> audit)
    {
        await Write(new ExperimentDocument { Experiment = experiment, PendingName = pendingName, RunsFollow = runsFollow ?? Document.RunsFollow }, audit);
        stored = experiment;
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private AuditEntry[] Told(string action, Dictionary<string, string> detail) => [new(action, $"experiment/{Id}", detail)];

    [LoggerMessage(Level = LogLevel.Warning, Message = "Experiment {Id} could not finish an earlier change")]
    private partial void LogUnsettled(string id, Exception exception);
}
