using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Paging;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments;

/// <summary>Asks the index of each experiment and merges the answers. A page may be shorter than asked for when its runs are big; its token says that more follow.</summary>
[GrainType("run-search")]
[StatelessWorker]
internal sealed class RunSearchGrain(IGrainFactory grains) : Grain, IRunSearchGrain
{
    public const int ExperimentsMax = 1000;

    private const int ExperimentsAtOnce = 16;

    public async Task<Page<Run>> Search(RunQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        TrackingLimits.CheckPage("maxResults", query.MaxResults, TrackingLimits.SearchResultsMax);
        RunFilter.Parse(query.Filter);
        var order = RunOrder.Parse(query.OrderBy);
        order.Read(query.PageToken);
        var question = new RunIndexQuery(query.Filter, query.View, query.OrderBy ?? [], query.MaxResults, query.PageToken);
        var answers = new List<RunMatches>();
        foreach (var some in Experiments(query).Chunk(ExperimentsAtOnce))
        {
            answers.AddRange(await Task.WhenAll(some.Select(id => grains.GetGrain<IRunIndexGrain>(id).Search(question, cancellationToken))));
        }

        return RunMerge.Merge(answers, order, query.MaxResults);
    }

    private static List<string> Experiments(RunQuery query)
    {
        var ids = (query.ExperimentIds ?? []).Distinct(StringComparer.Ordinal).ToList();
        if (ids.Count > ExperimentsMax)
        {
            throw MlopsException.Invalid("experimentIds", $"experimentIds has {ids.Count} entries; at most {ExperimentsMax}.");
        }

        foreach (var id in ids)
        {
            if (!ExperimentRules.IsId(id))
            {
                throw MlopsException.Invalid("experimentIds", $"Experiment id '{id}' is no experiment id; expected a decimal number.");
            }
        }

        return ids;
    }
}

/// <summary>Merges ordered answers. Pure.</summary>
internal static class RunMerge
{
    public static Page<Run> Merge(IReadOnlyList<RunMatches> answers, RunOrder order, int resultsMax)
    {
        // Behind the last run of a cut answer others of its experiment may follow: nothing beyond it may be given out yet.
        var ends = answers.Where(a => !a.Complete && a.Runs.Count > 0).Select(a => order.PlaceOf(a.Runs[^1])).ToList();
        var end = ends.Count == 0 ? null : ends.Min(order);
        var all = answers.SelectMany(a => a.Runs).Select(run => (Place: order.PlaceOf(run), Run: run)).ToList();
        all.Sort((x, y) => order.Compare(x.Place, y.Place));
        var page = all.Where(r => end is null || order.Compare(r.Place, end) <= 0).Take(resultsMax).Select(r => r.Run).ToList();
        var more = page.Count < all.Count || answers.Any(a => !a.Complete);
        return new Page<Run>(page, more && page.Count > 0 ? order.Token(page[^1]) : null);
    }
}
