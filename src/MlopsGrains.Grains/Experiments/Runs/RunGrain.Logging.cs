using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>What is logged to a run.</summary>
internal sealed partial class RunGrain
{
    public async Task LogBatch(RunBatch batch, CancellationToken cancellationToken = default)
    {
        NoteSignOfLife();
        if (RunRules.LogBatch(State, Id, batch) is not { } logged)
        {
            return;
        }

        quota.Charge(logged.Params);
        quota.Charge(logged.Tags);
        if (SealedRepeats.Find(State, logged.Metrics) is { Count: > 0 } suspects)
        {
            logged = logged with { Metrics = await WithoutRepeats(logged.Metrics, suspects) };
        }

        if (logged.Tags.Count > 0)
        {
            await ExpectBeats(logged.Tags.Any(t => t.Key == Heartbeat.TimeoutTag));
        }

        if (logged.Metrics.Count + logged.Params.Count + logged.Tags.Count > 0 || logged.Producer is not null)
        {
            await Store(logged, cancellationToken);
        }

        if (logged.Params.Count + logged.Tags.Count > 0)
        {
            SleepSoonIfBig();
        }
    }

    public Task DeleteTag(string key, CancellationToken cancellationToken = default)
    {
        NoteSignOfLife();
        return Store(RunRules.DeleteTag(State, Id, key), cancellationToken, Told("run.tag-deleted", new() { ["key"] = key }));
    }

    public Task LogInputs(IReadOnlyList<DatasetInput> datasets, IReadOnlyList<string> models, CancellationToken cancellationToken = default) =>
        LogUse(datasets, models, [], cancellationToken);

    public Task LogOutputs(IReadOnlyList<ModelOutput> models, CancellationToken cancellationToken = default) => LogUse([], [], models, cancellationToken);

    private async Task LogUse(IReadOnlyList<DatasetInput> datasets, IReadOnlyList<string> inputs, IReadOnlyList<ModelOutput> outputs, CancellationToken cancellationToken)
    {
        NoteSignOfLife();
        var read = RunRules.LogInputs(State, Id, datasets);
        var logged = RunRules.LogModels(State, Id, inputs, outputs);
        if (read is null && logged is null)
        {
            return;
        }

        quota.Charge(read?.Datasets.SelectMany(d => new[] { d.Name, d.Source, d.Schema, d.Profile }) ?? []);
        var told = new List<AuditEntry>();
        if (read is not null)
        {
            told.Add(Told("run.inputs-logged", new()
            {
                ["datasets"] = string.Join(", ", read.Datasets.Select(d => $"{d.Name}@{d.Digest}")).CutTo(4000),
            }));
        }

        if (logged is not null)
        {
            told.Add(Told("run.models-logged", new()
            {
                ["inputs"] = string.Join(", ", logged.Inputs).CutTo(4000),
                ["outputs"] = string.Join(", ", logged.Outputs.Select(o => $"{o.ModelId}@{o.Step}")).CutTo(4000),
            }));
        }

        await Store([.. new RunEvent?[] { read, logged }.OfType<RunEvent>()], cancellationToken, told);
        SleepSoonIfBig();
    }

    public Task LogModelDescription(string modelJson, CancellationToken cancellationToken = default)
    {
        NoteSignOfLife();
        if (RunRules.LogModelDescription(State, Id, modelJson) is not { } logged)
        {
            return Task.CompletedTask;
        }

        quota.Charge(logged.Tags);
        return Store(logged, cancellationToken);
    }

    private async Task<MetricColumns> WithoutRepeats(MetricColumns points, IReadOnlyList<SealedRepeats.Suspect> suspects)
    {
        var repeats = new HashSet<int>();
        foreach (var together in suspects.GroupBy(s => (s.Key, s.Chunk.Number)))
        {
            var chunk = await Open(together.Key.Key, together.First().Chunk);
            repeats.UnionWith(together.Select(s => s.Index).Where(i => SealedRepeats.Holds(chunk, SealedRepeats.PointAt(points, i))));
        }

        return repeats.Count == 0 ? points : SealedRepeats.Without(points, repeats);
    }
}
