using MlopsGrains.Grains.Pipelines.Runs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines;

/// <summary>Those who watch a pipeline run.</summary>
internal sealed partial class PipelineRunGrain
{
    /// <summary>How each step stood when its watchers were last told.</summary>
    private (StepStatus Status, int Attempt)[] told = [];
    private int linesTold;

    public async Task<PipelineRunChanges> Watch(long? after, TimeSpan wait, CancellationToken cancellationToken = default)
    {
        RequireBegun();
        if (!recent.IsWatched)
        {
            Remember();
        }

        recent.Watch(Version);
        if (after == Version)
        {
            await recent.Next(wait, cancellationToken);
        }

        if (after is not { } known || known > Version || !recent.Remembers(known))
        {
            return new PipelineRunChanges(Version, PipelineRunView.Of(State), []);
        }

        var changes = recent.After(known);
        return new PipelineRunChanges(changes.Count > 0 ? changes[^1].Version : known, null, changes.ConvertAll(c => c.Change));
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        recent.Close();
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    /// <summary>Those who wait for changes are answered before the activation goes.</summary>
    protected override void Leave()
    {
        recent.Close();
        base.Leave();
    }

    protected override void Recorded(IReadOnlyList<PipelineRunEvent> events)
    {
        metrics.Happened(events, State);
        if (!recent.IsWatched)
        {
            return;
        }

        var steps = State.Steps.Where((s, i) => i >= told.Length || told[i] != (s.Status, s.Attempt)).Select(PipelineRunView.Of).ToList();
        recent.Add(Version, new PipelineRunChange(Version, State.Status, State.EndedAt, State.Reason, steps, State.Log.GetRange(linesTold, State.Log.Count - linesTold)));
        Remember();
    }

    private void Remember()
    {
        told = [.. State.Steps.Select(s => (s.Status, s.Attempt))];
        linesTold = State.Log.Count;
    }

    private static int Weight(PipelineRunChange change) => (change.Steps.Count * 4) + change.Log.Count;
}
