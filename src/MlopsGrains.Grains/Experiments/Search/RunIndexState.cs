using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>What an index shard stores. Encoded by <see cref="RunIndexCodec"/>.</summary>
internal abstract record RunIndexEvent;

/// <summary>Runs that belong to the shard; they may not exist yet.</summary>
internal sealed record RunsAdded(IReadOnlyList<string> RunIds) : RunIndexEvent;

/// <summary>Rows of runs that have ended and are clean.</summary>
internal sealed record RowsSettled(IReadOnlyList<CollectedRun> Rows) : RunIndexEvent;

/// <summary>Settled runs that are about to change: their stored rows no longer count.</summary>
internal sealed record RowsUnsettled(IReadOnlyList<string> RunIds) : RunIndexEvent;

/// <summary>Runs that are gone for good.</summary>
internal sealed record RunsRemoved(IReadOnlyList<string> RunIds) : RunIndexEvent;

/// <summary>The experiment was deleted or restored, and every run with it.</summary>
internal sealed record RunsMoved(LifecycleStage Stage) : RunIndexEvent;

/// <summary>
/// The runs of a shard: rows, and members that have none yet. The truth is in the runs; the events here only spare a restarted shard from asking those
/// whose rows are settled. So applying one again changes nothing, and one that was lost costs a question.
/// </summary>
[Immutable]
internal sealed class RunIndexState
{
    public RunTable Table { get; } = new();

    /// <summary>Members without a row: not collected yet, or not there when they were.</summary>
    public HashSet<string> Waiting { get; } = new(StringComparer.Ordinal);

    public int Count => Table.Count + Waiting.Count;

    /// <summary>Members that a restarted shard has to ask.</summary>
    public IEnumerable<string> Unsettled => Waiting.Concat(Table.Rows.Where(r => !r.Block.IsSettled(r.Row)).Select(r => r.Block.Id(r.Row)));

    public IEnumerable<CollectedRun> Settled => Table.Rows.Where(r => r.Block.IsSettled(r.Row)).Select(r => Table.Read(r.Block, r.Row));

    public bool Contains(string runId) => Waiting.Contains(runId) || Table.TryFind(runId, out _, out _);

    public void Put(CollectedRun row)
    {
        Table.Put(row);
        Waiting.Remove(row.Run.Info.RunId);
    }

    public void Apply(RunIndexEvent e)
    {
        switch (e)
        {
            case RunsAdded added:
                Waiting.UnionWith(added.RunIds.Where(id => !Table.TryFind(id, out _, out _)));
                break;
            case RowsSettled settled:
                foreach (var row in settled.Rows)
                {
                    Put(row);
                    SetSettled(row.Run.Info.RunId, true);
                }

                break;
            case RowsUnsettled unsettled:
                foreach (var id in unsettled.RunIds)
                {
                    SetSettled(id, false);
                }

                break;
            case RunsRemoved removed:
                foreach (var id in removed.RunIds)
                {
                    Waiting.Remove(id);
                    Table.Remove(id);
                }

                break;
            case RunsMoved moved:
                Table.SetStages(moved.Stage);
                break;
            default:
                break;
        }
    }

    private void SetSettled(string id, bool settled)
    {
        if (Table.TryFind(id, out var block, out var row))
        {
            block.SetSettled(row, settled);
        }
    }
}
