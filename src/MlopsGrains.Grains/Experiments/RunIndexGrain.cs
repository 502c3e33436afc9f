using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Storage.Journals;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments;

/// <summary>
/// Keeps what runs told it and pulls what changed: a run says once that it is dirty, and the next search collects it first. So a search sees everything that
/// was acknowledged before it began, and a run that logs a million points between two searches costs one message. It interleaves, because it calls runs that
/// may be calling it. After a restart every run counts as dirty.
/// </summary>
[GrainType("run-index")]
[Reentrant]
[CollectionAgeLimit(Hours = 4)]
#pragma warning disable CA1001 // A semaphore that nobody takes a wait handle of owns nothing.
internal sealed class RunIndexGrain : JournalGrain<RunIndexState, RunIndexEvent>, IRunIndexGrain
#pragma warning restore CA1001
{
    public const int RunsMax = 1_000_000;

    private const int CallsAtOnce = 64;
    private const long PageCharactersMax = 8 * 1024 * 1024;

    private readonly CommitGroup<string> group;
    private readonly SemaphoreSlim calls = new(CallsAtOnce);
    private readonly Dictionary<string, Run> rows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Look> looks = new(StringComparer.Ordinal);
    private HashSet<string> dirty = new(StringComparer.Ordinal);

    public RunIndexGrain(IJournal journal)
        : base(journal, new JsonJournalCodec<RunIndexState, RunIndexEvent>()) =>
        group = new CommitGroup<string>(500, 10_000, runs => Record(new RunsAdded(runs)));

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        dirty.UnionWith(State.RunIds);
    }

    public async Task Add(string runId, CancellationToken cancellationToken = default)
    {
        if (!State.RunIds.Contains(runId))
        {
            if (State.RunIds.Count >= RunsMax)
            {
                throw MlopsException.Invalid("experimentId", $"The experiment has {RunsMax} runs, which is the most one may have; use another one.");
            }

            await group.Add(runId);
        }

        dirty.Add(runId);
    }

    public Task MarkDirty(string runId, CancellationToken cancellationToken = default)
    {
        dirty.Add(runId);
        return Task.CompletedTask;
    }

    public async Task<RunMatches> Search(RunIndexQuery query, CancellationToken cancellationToken = default)
    {
        var filter = RunFilter.Parse(query.Filter);
        var order = RunOrder.Parse(query.OrderBy);
        var after = order.Read(query.After);
        await CollectDirty();
        return Find(filter, order, query.View, after, query.MaxResults);
    }

    public Task Follow(LifecycleStage stage, CancellationToken cancellationToken = default) =>
        Task.WhenAll(State.RunIds.ToList().Select(id => Call(() => GrainFactory.GetGrain<IExperimentMember>(id).Follow(stage, cancellationToken))));

    protected override void Apply(RunIndexState state, RunIndexEvent e) => state.Apply(e);

    private RunMatches Find(RunFilter filter, RunOrder order, LifecycleView view, RunOrder.Place? after, int resultsMax)
    {
        var found = new List<(RunOrder.Place Place, Run Run)>();
        foreach (var run in rows.Values)
        {
            if (!IsSeen(run.Info.LifecycleStage, view) || !filter.Matches(run))
            {
                continue;
            }

            var place = order.PlaceOf(run);
            if (after is null || order.Compare(place, after) > 0)
            {
                found.Add((place, run));
            }
        }

        found.Sort((x, y) => order.Compare(x.Place, y.Place));
        var page = new List<Run>(Math.Min(found.Count, resultsMax));
        for (var characters = 0L; page.Count < found.Count && page.Count < resultsMax && characters < PageCharactersMax;)
        {
            var run = found[page.Count].Run;
            page.Add(run);
            characters += Size(run);
        }

        return new RunMatches(page, page.Count == found.Count);
    }

    private static bool IsSeen(LifecycleStage stage, LifecycleView view) => view switch
    {
        LifecycleView.All => true,
        LifecycleView.DeletedOnly => stage == LifecycleStage.Deleted,
        _ => stage == LifecycleStage.Active,
    };

    private static long Size(Run run)
    {
        var size = 500L + (run.Metrics.Count * 60L);
        foreach (var pair in run.Params.Concat(run.Tags))
        {
            size += pair.Key.Length + pair.Value.Length + 20;
        }

        foreach (var input in run.Inputs)
        {
            size += 200L + input.Source.Length + (input.Schema?.Length ?? 0) + (input.Profile?.Length ?? 0);
        }

        return size;
    }

    /// <summary>Also waits for what another search is collecting: those runs no longer count as dirty, and their rows are not there yet.</summary>
    private async Task CollectDirty()
    {
        var changed = dirty;
        dirty = new HashSet<string>(StringComparer.Ordinal);
        foreach (var id in changed)
        {
            var look = new Look();
            looks.TryGetValue(id, out var before);
            looks[id] = look;
            look.Done = Collect(id, look, before?.Done);
        }

        if (looks.Count > 0)
        {
            await Task.WhenAll(looks.Values.Select(look => look.Done).ToList());
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
        if (await GrainFactory.GetGrain<IExperimentMember>(id).Collect() is { } collected)
        {
            rows[id] = collected.Run;
        }
        else
        {
            rows.Remove(id);
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

    private sealed class Look
    {
        public Task Done { get; set; } = Task.CompletedTask;
    }
}
