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
        var found = await Find(query, cancellationToken);
        return new Page<Run>(found.Items, found.NextPageToken);
    }

    public async Task<FoundRuns> Find(RunQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        Limit.Page("maxResults", query.MaxResults, TrackingLimits.SearchResultsMax);
        CheckSkip(query);
        RunColumnSet.Parse(query.Columns);
        var filter = RunFilter.Parse(query.Filter);
        var order = RunOrder.Parse(query.OrderBy);
        var after = RunPageToken.Read(query, order);
        var shards = Experiments(query).SelectMany(id => grains.RunIndex(id)).ToList();
        var total = (long?)null;
        if (query.Skip > 0 || (query.Total && filter.Points.Count > 0))
        {
            var narrowed = await Narrow(query, order, shards, cancellationToken);
            if (narrowed.Beyond)
            {
                return new FoundRuns([], null, narrowed.Total);
            }

            (after, total) = (query.Skip > 0 ? narrowed.After : after, narrowed.Total);
        }

        var merge = new RunMerge(order, shards.Count, query.MaxResults);
        var counted = new int?[shards.Count];
        while (merge.Open.Count > 0)
        {
            foreach (var batch in merge.Open.Chunk(ShardsAtOnce))
            {
                await Task.WhenAll(batch.Select(async shard =>
                {
                    var matches = await shards[shard].Search(
                        new RunIndexQuery(query.Filter, query.View, query.OrderBy ?? [], merge.Ask(shard), merge.LastOf(shard) ?? after, query.Columns), cancellationToken);
                    counted[shard] ??= matches.Total;
                    merge.Add(shard, matches);
                }));
            }

            merge.Close();
        }

        total ??= query.Total && Array.TrueForAll(counted, c => c is not null) ? counted.Sum(c => (long)c!) : null;
        return new FoundRuns([.. merge.Page.Select(r => r.Run)], merge.More && merge.Page.Count > 0 ? RunPageToken.Write(query, merge.Page[^1].Place) : null, total);
    }

    public async Task<RunKeys> Keys(RunKeysQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        Limit.Page("limit", query.Limit, TrackingLimits.KeysMax);
        RunColumnSet.Parse(query.Columns);
        if (RunFilter.Parse(query.Filter).Points.Count > 0)
        {
            throw MlopsException.Invalid("filter", "Invalid filter: at(…) is not available for keys; use min, max, avg or last.");
        }

        TrackingIds.CheckExperiments("experimentId", [query.ExperimentId]);
        return RunKeyCounts.Merge(await Task.WhenAll(grains.RunIndex(query.ExperimentId).Select(shard => shard.Keys(query, cancellationToken))), query.Limit);
    }

    /// <summary>Finds where the rank begins that the query asks for, and counts what matches.</summary>
    private static async Task<RankNarrowing> Narrow(RunQuery query, RunOrder order, List<IRunIndexGrain> shards, CancellationToken cancellationToken)
    {
        var narrowing = new RankNarrowing(order, query.Skip);
        do
        {
            var asked = new RunRankQuery(query.Filter, query.View, query.OrderBy ?? [], narrowing.After, narrowing.Until, query.Skip == 0 ? 0 : RankNarrowing.Samples(shards.Count));
            var answers = new List<RunRanks>(shards.Count);
            foreach (var batch in shards.Chunk(ShardsAtOnce))
            {
                answers.AddRange(await Task.WhenAll(batch.Select(shard => shard.Rank(asked, cancellationToken))));
            }

            narrowing.Add(answers);
        }
        while (!narrowing.Done);
        return narrowing;
    }

    private static void CheckSkip(RunQuery query)
    {
        if (query.Skip is < 0 or > TrackingLimits.SearchSkipMax)
        {
            throw MlopsException.InvalidValue("skip", query.Skip, $"It must be from 0 to {TrackingLimits.SearchSkipMax}");
        }

        if (query.Skip > 0 && !string.IsNullOrEmpty(query.PageToken))
        {
            throw MlopsException.Invalid("skip", "skip cannot be given together with a page token: a page token goes on where its page ended.");
        }
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
