using System.Globalization;
using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Experiments;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>Searches for the runs and leaves the arithmetic to <see cref="VarianceForest"/>, beside the scheduler: it takes up to a second.</summary>
[GrainType("run-shares")]
[StatelessWorker]
internal sealed class RunSharesGrain(IGrainFactory grains) : Grain, IRunSharesGrain
{
    private const int RunsMax = 2000;
    private const int ParamsMax = 50;

    public async Task<RunShares> Explain(RunSharesQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        TrackingLimits.CheckKey("metric", query.Metric);
        RunFilter.Parse(query.Filter);
        var search = grains.GetGrain<IRunSearchGrain>(0);

        // Comparisons match only runs that have the metric, and NaN neither way.
        var has = $"(metrics.`{query.Metric}` > 0 OR metrics.`{query.Metric}` <= 0)";
        var filter = string.IsNullOrWhiteSpace(query.Filter) ? has : $"({WithoutEnd(query.Filter)}) AND {has}";
        var runs = (await search.Find(new RunQuery([query.ExperimentId], filter, LifecycleView.ActiveOnly, [], RunsMax, null), cancellationToken)).Items
            .Where(r => double.IsFinite(ValueOf(r, query.Metric))).ToList();
        if (runs.Count < VarianceForest.RowsMin)
        {
            return new RunShares(query.Metric, runs.Count, false, null, []);
        }

        return await Task.Run(() => Explained(query.Metric, runs), cancellationToken);
    }

    /// <summary>Pure.</summary>
    internal static RunShares Explained(string metric, IReadOnlyList<Run> runs)
    {
        var values = new Dictionary<string, string?[]>(StringComparer.Ordinal);
        for (var r = 0; r < runs.Count; r++)
        {
            foreach (var param in runs[r].Params)
            {
                if (!values.TryGetValue(param.Key, out var column))
                {
                    values.Add(param.Key, column = new string?[runs.Count]);
                }

                column[r] = param.Value;
            }
        }

        var differing = values.Where(v => v.Value.Distinct(StringComparer.Ordinal).Count() > 1)
            .OrderByDescending(v => v.Value.Count(text => text is not null)).ThenBy(v => v.Key, StringComparer.Ordinal).Take(ParamsMax).ToList();
        var target = runs.Select(r => ValueOf(r, metric)).ToArray();
        var columns = differing.Select(v => Numbers(v.Value)).ToList();
        var shares = VarianceForest.Explain([.. columns.Select(c => c.Values)], target);
        return new RunShares(metric, runs.Count, true, shares.Explained,
        [
            .. differing.Select((v, i) => new ParamShare(v.Key, shares.Shares[i], columns[i].AreNumbers ? RankCorrelation.Of(columns[i].Values, target) : null))
                .OrderByDescending(p => p.Share).ThenBy(p => p.Key, StringComparer.Ordinal),
        ]);
    }

    /// <summary>Numbers as they are; other texts by their place in the alphabet.</summary>
    private static (double[] Values, bool AreNumbers) Numbers(string?[] texts)
    {
        var numbers = texts.Select(text => text is null ? double.NaN : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var n) && double.IsFinite(n) ? n : (double?)null).ToArray();
        if (Array.TrueForAll(numbers, n => n is not null))
        {
            return ([.. numbers.Select(n => n!.Value)], true);
        }

        var ranks = texts.OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select((text, rank) => (text, rank)).ToDictionary(t => t.text, t => (double)t.rank, StringComparer.Ordinal);
        return ([.. texts.Select(text => text is null ? double.NaN : ranks[text])], false);
    }

    private static double ValueOf(Run run, string metric) => run.Metrics.FirstOrDefault(m => m.Key == metric)?.Value ?? double.NaN;

    /// <summary>A trailing AND is tolerated by itself, not in parentheses.</summary>
    private static string WithoutEnd(string filter) =>
        filter.TrimEnd() is var text && text.EndsWith(" and", StringComparison.OrdinalIgnoreCase) ? text[..^4] : filter;
}
