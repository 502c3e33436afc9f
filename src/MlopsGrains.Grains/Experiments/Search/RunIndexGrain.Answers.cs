using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

/// <content>Answers from the rows in memory; only values at a step, and texts that were left out, are asked of the runs.</content>
internal sealed partial class RunIndexGrain
{
    /// <summary>How far ahead of its page a search asks runs for a value at a step; it begins with the page.</summary>
    private const int AskedAheadMax = 2_000;

    private const int ReadAtOnce = 16;

    /// <summary>How long one search may ask runs for values at steps.</summary>
    private static readonly TimeSpan AskingMax = TimeSpan.FromMinutes(1);

    public async Task<RunMatches> Search(RunIndexQuery query, CancellationToken cancellationToken = default)
    {
        var filter = RunFilter.Parse(query.Filter);
        var order = RunOrder.Parse(query.OrderBy);
        var columns = RunColumnSet.Parse(query.Columns);
        await CollectDirty();
        if (rankings.Find(RunRankings.KeyOf(query.Filter, query.View, query.OrderBy), index.Table) is { } ranking)
        {
            var from = query.After is null ? 0 : ranking.UpTo(query.After);
            return await Page(ranking.Hits(from, query.MaxResults), from + query.MaxResults < ranking.Count, ranking.Count, columns);
        }

        var values = new StepValues(filter.Points);
        var asking = new Asking(time.GetTimestamp());
        for (var ahead = query.MaxResults; ; ahead = Math.Max(ahead, Math.Min(ahead * 2, AskedAheadMax)))
        {
            var (hits, more, total) = RunScan.Find(index.Table, filter.Bind(index.Table, values), order, query.View, query.After, ahead);
            var unknown = hits.FindIndex(hit => values.Asks(hit.Block, hit.Row));
            if (unknown < 0 || unknown >= query.MaxResults)
            {
                return await Page(hits[..Math.Min(hits.Count, query.MaxResults)], more || hits.Count > query.MaxResults, filter.Points.Count == 0 ? total : null, columns);
            }

            await Ask([.. hits.Where(hit => values.Asks(hit.Block, hit.Row)).Select(hit => hit.Place.RunId)], values, asking, cancellationToken);
        }
    }

    public async Task<RunRanks> Rank(RunRankQuery query, CancellationToken cancellationToken = default)
    {
        var filter = RunFilter.Parse(query.Filter);
        var order = RunOrder.Parse(query.OrderBy);
        await CollectDirty();
        var ranking = await Ranking(query, filter, order, cancellationToken);
        var before = query.After is null ? 0 : ranking.UpTo(query.After);
        var end = query.Until is null ? ranking.Count : ranking.UpTo(query.Until);
        var step = query.Samples == 0 ? 0 : Math.Max(1, (int)Math.Ceiling(Math.Max(0, end - before) / (double)query.Samples));
        var samples = new List<RunPlace>();
        for (var rank = before + step; step > 0 && rank <= end; rank += step)
        {
            samples.Add(ranking.PlaceAt(rank - 1));
        }

        return new RunRanks(ranking.Count, before, step, samples);
    }

    public async Task<RunKeysPart> Keys(RunKeysQuery query, CancellationToken cancellationToken = default)
    {
        var filter = RunFilter.Parse(query.Filter);
        await CollectDirty();
        return RunKeyCounts.Of(index.Table, filter, query.View, RunColumnSet.Parse(query.Columns));
    }

    /// <summary>All matching rows in order, of the table as it is when this returns. Values at steps are asked for until all are known.</summary>
    private async Task<RunRanking> Ranking(RunRankQuery query, RunFilter filter, RunOrder order, CancellationToken cancellationToken)
    {
        var key = RunRankings.KeyOf(query.Filter, query.View, query.OrderBy);
        var values = new StepValues(filter.Points);
        var asking = new Asking(time.GetTimestamp());
        while (true)
        {
            if (rankings.Find(key, index.Table) is { } known)
            {
                return known;
            }

            var ranking = RunRanking.Of(index.Table, filter.Bind(index.Table, values), order, query.View);
            var unknown = filter.Points.Count == 0 ? [] : ranking.Ids(values.Asks).Take(AskedAheadMax).ToList();
            if (unknown.Count == 0)
            {
                rankings.Keep(key, ranking);
                return ranking;
            }

            await Ask(unknown, values, asking, cancellationToken);
        }
    }

    public async Task<IReadOnlyList<RunGroupPart>> Group(RunGroupQuery query, CancellationToken cancellationToken = default)
    {
        await CollectDirty();
        return RunGroups.Parts(index.Table, query);
    }

    private async Task<RunMatches> Page(List<RunHit> hits, bool more, int? total, RunColumnSet? columns)
    {
        // All are read before the first question: rows move while it is answered.
        var (runs, cut) = (new List<Run>(hits.Count), false);
        for (var characters = 0L; runs.Count < hits.Count && characters < RunSize.PageMax;)
        {
            var (block, row) = (hits[runs.Count].Block, hits[runs.Count].Row);
            var run = columns is null ? index.Table.Read(block, row).Run : index.Table.Read(block, row, columns);
            runs.Add(run);
            characters += RunSize.Of(run);
            cut = cut || ResidentTexts.IsCut(run);
        }

        if (cut)
        {
            runs = await Whole(runs, columns);
        }

        return new RunMatches(runs, [.. hits.Take(runs.Count).Select(hit => hit.Place)], !more && runs.Count == hits.Count, total);
    }

    /// <summary>The same runs with all of their texts, or the first of them that fill a page.</summary>
    private async Task<List<Run>> Whole(List<Run> runs, RunColumnSet? columns)
    {
        var whole = new List<Run>(runs.Count);
        var characters = 0L;
        foreach (var batch in runs.Chunk(ReadAtOnce))
        {
            foreach (var run in await Task.WhenAll(batch.Select(run => ResidentTexts.IsCut(run) ? Whole(run) : Task.FromResult(run))))
            {
                if (characters >= RunSize.PageMax)
                {
                    return whole;
                }

                whole.Add(columns is null ? run : columns.Trim(run));
                characters += RunSize.Of(whole[^1]);
            }
        }

        return whole;
    }

    private async Task<Run> Whole(Run run)
    {
        var whole = run;
        await Call(async () =>
        {
            try
            {
                whole = await GrainFactory.GetGrain<IExperimentMember>(run.Info.RunId).Read() ?? run;
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.DataLoss)
            {
                LogUnreadable(run.Info.RunId, e);
            }
        });
        return whole;
    }

    private async Task Ask(List<string> ids, StepValues values, Asking asking, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(asking.Began) > AskingMax)
        {
            throw MlopsException.Invalid(
                "filter", $"Invalid filter: at(…) has asked {asking.Asked} runs of one index shard in {AskingMax.TotalSeconds} seconds, and others are left; add comparisons that leave fewer of them.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        asking.Asked += ids.Count;
        await Task.WhenAll(ids.Select(id => Call(() => Ask(id, values))));
    }

    private async Task Ask(string id, StepValues values)
    {
        var member = GrainFactory.GetGrain<IExperimentMember>(id);
        foreach (var point in values.Points)
        {
            double? value = null;
            try
            {
                value = await member.ValueAt(point.Key, point.Step);
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.DataLoss)
            {
                LogUnreadable(id, e);
            }

            values.Set(RunKey.Of(id).Key, point, value);
        }
    }

    private sealed class Asking(long began)
    {
        public long Began => began;

        public int Asked { get; set; }
    }
}
