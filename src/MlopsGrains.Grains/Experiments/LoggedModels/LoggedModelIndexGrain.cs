using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>
/// Keeps what models told it and pulls what changed, as the index of runs does. One search at a time, so that an older look at a model never overwrites a newer
/// one; additions and dirty marks come in between, so a model that is storing a change never waits for a search that waits for it.
/// </summary>
[GrainType("logged-model-index")]
[CollectionAgeLimit(Hours = 4)]
internal sealed class LoggedModelIndexGrain : JournalGrain<LoggedModelIndexState, LoggedModelIndexEvent>, ILoggedModelIndexGrain
{
    public const int ModelsMax = 100_000;

    private const int CallsAtOnce = 64;

    private readonly CommitGroup<string> group;
    private readonly Dictionary<string, LoggedModel> rows = new(StringComparer.Ordinal);
    private HashSet<string> dirty = new(StringComparer.Ordinal);

    public LoggedModelIndexGrain(IJournal journal)
        : base(journal, new JsonJournalCodec<LoggedModelIndexState, LoggedModelIndexEvent>()) =>
        group = new CommitGroup<string>(500, 10_000, models => Record(new LoggedModelsAdded(models)));

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        dirty.UnionWith(State.ModelIds);
    }

    public async Task Add(string modelId, CancellationToken cancellationToken = default)
    {
        if (!State.ModelIds.Contains(modelId))
        {
            if (State.ModelIds.Count >= ModelsMax)
            {
                throw MlopsException.Invalid("experiment_id", $"The experiment has {ModelsMax} logged models, which is the most one may have; use another one.");
            }

            await group.Add(modelId);
        }

        dirty.Add(modelId);
    }

    public Task MarkDirty(string modelId, CancellationToken cancellationToken = default)
    {
        dirty.Add(modelId);
        return Task.CompletedTask;
    }

    public async Task<LoggedModelMatches> Search(LoggedModelQuery query, CancellationToken cancellationToken = default)
    {
        var search = LoggedModelSearch.Parse(query);
        await CollectDirty();
        return search.Find(rows.Values);
    }

    public async Task<IReadOnlyList<string>> OfRuns(IReadOnlyList<string> runIds, int limit, CancellationToken cancellationToken = default)
    {
        await CollectDirty();
        var runs = runIds.ToHashSet(StringComparer.Ordinal);
        return [.. rows.Values.Where(model => model.SourceRunId is { } run && runs.Contains(run)).Select(model => model.ModelId).Take(limit)];
    }

    public async Task<IReadOnlyList<string>> Retained(string after, int limit, bool all, CancellationToken cancellationToken = default)
    {
        await CollectDirty();
        return [.. State.ModelIds.Where(id => string.CompareOrdinal(id, after) > 0 && (all || !rows.ContainsKey(id))).Order(StringComparer.Ordinal).Take(limit)];
    }

    public async Task Remove(IReadOnlyList<string> modelIds, CancellationToken cancellationToken = default)
    {
        await Record(new LoggedModelsRemoved(modelIds));
        foreach (var id in modelIds)
        {
            rows.Remove(id);
            dirty.Remove(id);
        }
    }

    public async Task Purge(CancellationToken cancellationToken = default)
    {
        await DeleteStored();
        rows.Clear();
        dirty.Clear();
        DeactivateOnIdle();
    }

    protected override void Apply(LoggedModelIndexState state, LoggedModelIndexEvent e) => state.Apply(e);

    private async Task CollectDirty()
    {
        var changed = dirty;
        dirty = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            foreach (var batch in changed.ToArray().Chunk(CallsAtOnce))
            {
                await Task.WhenAll(batch.Select(Collect));
            }
        }
        catch
        {
            dirty.UnionWith(changed);
            throw;
        }
    }

    private async Task Collect(string id)
    {
        try
        {
            if (await GrainFactory.GetGrain<ILoggedModelGrain>(id).Collect() is { LifecycleStage: LifecycleStage.Active } model)
            {
                rows[id] = model;
            }
            else
            {
                rows.Remove(id);
            }
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.DataLoss)
        {
            // Its own silo has said so in the log; the others are to be found all the same.
        }
    }
}
