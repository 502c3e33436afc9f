using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Grains.Quotas;
using MlopsGrains.Identity;
using MlopsGrains.Paging;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Experiments;

/// <summary>
/// Gives out ids and names. An experiment is listed first and made after it; the one that a crash left unmade is made before anything else is answered.
/// </summary>
[GrainType("experiment-catalog")]
internal sealed class ExperimentCatalogGrain(IJournal journal, TextQuota quota, TimeProvider time)
    : JournalGrain<ExperimentCatalogState, ExperimentCatalogEvent>(journal, new JsonJournalCodec<ExperimentCatalogState, ExperimentCatalogEvent>()), IExperimentCatalogGrain
{
    private bool lastIsMade;

    public async Task<Experiment> Create(NewExperiment experiment, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        await Settle();
        if (State.FindByRequest(RequestKey.Current) is { } first)
        {
            return first;
        }

        var made = ExperimentRules.Make(State.NextNumber, experiment, time.GetUtcNow());
        RequireFree(made.Name);
        quota.Charge([new Tag(made.Name, made.ArtifactLocation), .. made.Tags]);
        await Add(
            made,
            RequestKey.Current,
            new AuditEntry("experiment.created", $"experiment/{made.ExperimentId}", new Dictionary<string, string> { ["name"] = made.Name, ["artifactLocation"] = made.ArtifactLocation }));
        return made;
    }

    public async Task<Experiment?> FindByName(string name, CancellationToken cancellationToken = default)
    {
        await Settle();
        return State.FindByName(name);
    }

    public async Task<Page<Experiment>> Search(ExperimentQuery query, CancellationToken cancellationToken = default)
    {
        await Settle();
        return ExperimentSearch.Find(State.Experiments.Values, query);
    }

    public async Task Rename(string experimentId, string name, CancellationToken cancellationToken = default)
    {
        await Settle();
        var experiment = State.Find(experimentId) ?? throw TrackingErrors.NoExperiment(experimentId);
        if (experiment.Name != name)
        {
            RequireFree(name);
            await Record(new ExperimentListed(experiment with { Name = name }));
        }
    }

    public async Task Changed(Experiment experiment, CancellationToken cancellationToken = default)
    {
        await Settle();
        var listed = State.Find(experiment.ExperimentId) ?? throw TrackingErrors.NoExperiment(experiment.ExperimentId);
        if (listed with { Tags = [] } != experiment with { Tags = [] } || !listed.Tags.SequenceEqual(experiment.Tags))
        {
            await Record(new ExperimentListed(experiment));
        }
    }

    public async Task<Experiment?> NextFrom(long number, CancellationToken cancellationToken = default)
    {
        await Settle();
        return State.NextFrom(number);
    }

    public async Task Remove(string experimentId, CancellationToken cancellationToken = default)
    {
        if (State.Find(experimentId) is not { } listed)
        {
            return;
        }

        // Settling would make the last one again, and this one must not come back.
        if (listed == State.Last)
        {
            lastIsMade = true;
        }

        await Settle();
        await Record(new ExperimentRemoved(experimentId));
    }

    protected override void Apply(ExperimentCatalogState state, ExperimentCatalogEvent e) => state.Apply(e);

    private async Task Settle()
    {
        if (State.NextNumber == 0)
        {
            await Add(ExperimentRules.Make(0, new NewExperiment(ExperimentRules.DefaultName), time.GetUtcNow()));
        }
        else if (!lastIsMade && State.Last is { } last)
        {
            await Make(last);
        }
    }

    private async Task Add(Experiment experiment, string? request = null, params IReadOnlyList<AuditEntry> audit)
    {
        lastIsMade = false;
        await Record(new ExperimentListed(experiment, request), audit);
        await Make(experiment);
    }

    private async Task Make(Experiment experiment)
    {
        await GrainFactory.GetGrain<IExperimentGrain>(experiment.ExperimentId).Initialize(experiment);
        lastIsMade = true;
    }

    private void RequireFree(string name)
    {
        if (State.FindByName(name) is { } holder)
        {
            throw TrackingErrors.ExperimentTaken(name, holder.LifecycleStage == LifecycleStage.Deleted ? "It is in deleted state; restore it or choose another name." : "");
        }
    }
}
