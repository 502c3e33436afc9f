using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>Gathers the parts of the index shards and leaves the arithmetic to <see cref="RunGroups"/>.</summary>
[GrainType("run-groups")]
[StatelessWorker]
internal sealed class RunGroupsGrain(IGrainFactory grains) : Grain, IRunGroupsGrain
{
    public async Task<IReadOnlyList<RunGroup>> Find(RunGroupQuery query, CancellationToken cancellationToken = default) =>
        [.. (await Groups(query, cancellationToken))
            .Where(g => g.Runs >= query.RunsMin)
            .OrderByDescending(g => g.Runs).ThenBy(g => g.Id, StringComparer.Ordinal)
            .Take(query.MaxResults)
            .Select(g => RunGroups.Summary(g, query.Confidence))];

    public async Task<RunGroupComparison> Compare(RunGroupQuery query, string first, string second, CancellationToken cancellationToken = default)
    {
        var groups = await Groups(query, cancellationToken);
        RunGroupPart Group(string id) => groups.Find(g => g.Id == id) ?? throw MlopsException.NotFound("Run group", id);
        return RunGroups.Compare(Group(first), Group(second), query.Confidence);
    }

    private async Task<List<RunGroupPart>> Groups(RunGroupQuery query, CancellationToken cancellationToken)
    {
        RunGroups.Check(query);
        if (!ExperimentRules.IsId(query.ExperimentId))
        {
            throw MlopsException.Invalid("experimentId", $"Experiment id '{query.ExperimentId}' is not an experiment id; expected a decimal number.");
        }

        var parts = await Task.WhenAll(grains.RunIndex(query.ExperimentId).Select(shard => shard.Group(query, cancellationToken)));
        return RunGroups.Merge(parts.SelectMany(p => p));
    }
}
