using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Limits;
using MlopsGrains.Paging;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>Asks the index of each experiment and merges the answers.</summary>
[GrainType("logged-model-search")]
[StatelessWorker]
internal sealed class LoggedModelSearchGrain(IGrainFactory grains) : Grain, ILoggedModelSearchGrain
{
    private const int ExperimentsAtOnce = 16;

    public async Task<Page<LoggedModel>> Search(LoggedModelQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        query = query with { ExperimentIds = Experiments(query.ExperimentIds) };
        var search = LoggedModelSearch.Parse(query);
        var answers = new List<LoggedModelMatches>();
        foreach (var batch in query.ExperimentIds.Chunk(ExperimentsAtOnce))
        {
            answers.AddRange(await Task.WhenAll(batch.Select(id => grains.GetGrain<ILoggedModelIndexGrain>(id).Search(query, cancellationToken))));
        }

        return search.Merge(answers);
    }

    private static List<string> Experiments(IReadOnlyList<string> given)
    {
        var ids = given.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        Limit.Count("experiment_ids", ids.Count, TrackingLimits.SearchExperimentsMax);

        return ids.Find(id => !ExperimentRules.IsId(id)) is { } wrong
            ? throw MlopsException.Invalid("experiment_ids", $"Experiment id '{(wrong.Length <= 64 ? wrong : wrong[..64])}' is not an experiment id; expected a decimal number.")
            : ids;
    }
}
