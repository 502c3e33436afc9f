using System.Diagnostics.CodeAnalysis;
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
[SuppressMessage("Design", "CA1001", Justification = "A semaphore that nobody takes a wait handle of owns nothing.")]
internal sealed partial class RunIndexGrain : JournalGrain<RunIndexState, RunIndexEvent>, IRunIndexGrain
{
    /// <summary>In one shard; eight times as many in an experiment whose ids are spread well.</summary>
    public const int RunsMax = 250_000;

    private const int CallsAtOnce = 64;
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromSeconds(5);

    private readonly CommitGroup<RunIndexEvent> group;
    private readonly SemaphoreSlim calls = new(CallsAtOnce);
    private readonly Dictionary<string, Look> looks = new(StringComparer.Ordinal);
    private readonly HashSet<string> unsettled = new(StringComparer.Ordinal);
    private readonly HashSet<string> settling = new(StringComparer.Ordinal);
    private readonly RunRankings rankings;
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
        rankings = new RunRankings(time);
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
