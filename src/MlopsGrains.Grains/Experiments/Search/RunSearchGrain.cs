using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Limits;
using MlopsGrains.Paging;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// Asks the index shards of each experiment and merges their answers. Each is first asked for little more than its share of the page, and again where the merge
/// used that up. A page may be shorter than asked for when its runs are big; its token says that more follow.
/// </summary>
[GrainType("run-search")]
[StatelessWorker]
internal sealed class RunSearchGrain(IGrainFactory grains) : Grain, IRunSearchGrain
{
    private const int ShardsAtOnce = 64;

    public async Task<Page<Run>> Search(RunQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        Limit.Page("maxResults", query.MaxResults, TrackingLimits.SearchResultsMax);
        RunFilter.Parse(query.Filter);
        var order = RunOrder.Parse(query.OrderBy);
        var after = RunPageToken.Read(query, order);
        var shards = Experiments(query).SelectMany(id => grains.RunIndex(id)).ToList();
        var merge = new RunMerge(order, shards.Count, query.MaxResults);
        while (merge.Open.Count > 0)
        {
            foreach (var batch in merge.Open.Chunk(ShardsAtOnce))
            {
                await Task.WhenAll(batch.Select(async shard => merge.Add(shard, await shards[shard].Search(
                    new RunIndexQuery(query.Filter, query.View, query.OrderBy ?? [], merge.Ask(shard), merge.LastOf(shard) ?? after), cancellationToken))));
            }

            merge.Close();
        }

        return new Page<Run>([.. merge.Page.Select(r => r.Run)], merge.More && merge.Page.Count > 0 ? RunPageToken.Write(query, merge.Page[^1].Place) : null);
    }

    private static List<string> Experiments(RunQuery query)
    {
        var ids = (query.ExperimentIds ?? []).Distinct(StringComparer.Ordinal).ToList();
        Limit.Count("experimentIds", ids.Count, TrackingLimits.SearchExperimentsMax);

        foreach (var id in ids)
        {
            if (!ExperimentRules.IsId(id))
            {
                throw MlopsException.Invalid("experimentIds", $"Experiment id '{id}' is not an experiment id; expected a decimal number.");
            }
        }

        return ids;
    }
}
