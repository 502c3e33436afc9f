using System.Globalization;
using System.Numerics;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>What a shard tells of the keys that its matching runs have.</summary>
[GenerateSerializer, Immutable, Alias("mlops.RunKeysPart")]
internal sealed record RunKeysPart(
    [property: Id(0)] long Runs,
    [property: Id(1)] IReadOnlyList<MetricKey> Metrics,
    [property: Id(2)] IReadOnlyList<TextKey> Params,
    [property: Id(3)] IReadOnlyList<TextKey> Tags);

/// <summary>Counts the keys of rows, and what stands under them. Pure.</summary>
internal static class RunKeyCounts
{
    /// <summary>So many different values of a key are counted one by one over all shards.</summary>
    public const int ValuesMax = 50;

    private const int CommonestMax = 20;

    public static RunKeysPart Of(RunTable table, RunFilter filter, LifecycleView view, RunColumnSet? columns)
    {
        var mask = filter.Bind(table, new StepValues([]));
        var runs = 0L;
        var metrics = new Dictionary<string, MetricKey>(StringComparer.Ordinal);
        var (parameters, tags) = (new Dictionary<string, Dictionary<int, int>>(StringComparer.Ordinal), new Dictionary<string, Dictionary<int, int>>(StringComparer.Ordinal));
        Span<ulong> all = stackalloc ulong[RowMask.WordsMax];
        foreach (var block in table.Shapes.SelectMany(shape => shape.Blocks))
        {
            var bits = RunScan.Matches(block, mask, view, all);
            var matching = 0;
            foreach (var word in bits)
            {
                matching += BitOperations.PopCount(word);
            }

            if (matching == 0)
            {
                continue;
            }

            runs += matching;
            for (var c = 0; c < block.Shape.Metrics.Length; c++)
            {
                if (block.Shape.Metrics[c] is var key && columns?.HasMetric(key) != false)
                {
                    var part = Metric(block, c, bits, matching);
                    metrics[key] = metrics.TryGetValue(key, out var known) ? Joined(known, part) : part;
                }
            }

            for (var c = 0; c < block.Shape.Texts; c++)
            {
                var isParam = c < block.Shape.Params.Length;
                var key = isParam ? block.Shape.Params[c] : block.Shape.Tags[c - block.Shape.Params.Length];
                if (isParam ? columns?.HasParam(key) != false : columns?.HasTag(key) != false)
                {
                    Count(isParam ? parameters : tags, key, block, c, bits);
                }
            }
        }

        return new RunKeysPart(runs, [.. metrics.Values], [.. parameters.Select(p => Text(p.Key, p.Value, table.Texts))], [.. tags.Select(t => Text(t.Key, t.Value, table.Texts))]);
    }

    /// <summary>The parts of all shards, keys that most runs have first, at most so many of a kind.</summary>
    public static RunKeys Merge(IReadOnlyList<RunKeysPart> parts, int limit)
    {
        var metrics = parts.SelectMany(p => p.Metrics).GroupBy(m => m.Key, StringComparer.Ordinal).Select(g => g.Aggregate(Joined)).OrderByDescending(m => m.Runs).ThenBy(m => m.Key, StringComparer.Ordinal).ToList();
        var (parameters, tags) = (Merge(parts.SelectMany(p => p.Params)), Merge(parts.SelectMany(p => p.Tags)));
        return new RunKeys(
            parts.Sum(p => p.Runs), [.. metrics.Take(limit)], [.. parameters.Take(limit)], [.. tags.Take(limit)], Math.Max(metrics.Count, Math.Max(parameters.Count, tags.Count)) <= limit);
    }

    private static MetricKey Metric(RunBlock block, int column, ReadOnlySpan<ulong> bits, int matching)
    {
        Span<double> buffer = stackalloc double[RunBlock.RowsMax];
        var values = block.Values(column, buffer);
        var (min, max, points) = (double.PositiveInfinity, double.NegativeInfinity, 1L);
        for (var word = 0; word < bits.Length; word++)
        {
            for (var left = bits[word]; left != 0; left &= left - 1)
            {
                var row = (word << 6) + BitOperations.TrailingZeroCount(left);
                if (double.IsFinite(values[row]))
                {
                    (min, max) = (Math.Min(min, values[row]), Math.Max(max, values[row]));
                }

                points = block.HasHistories(column) ? Math.Max(points, block.History(row, column).Count) : points;
            }
        }

        return new MetricKey(block.Shape.Metrics[column], matching, min <= max ? min : null, min <= max ? max : null, points);
    }

    private static MetricKey Joined(MetricKey x, MetricKey y) =>
        new(x.Key, x.Runs + y.Runs, Least(x.Min, y.Min), Greatest(x.Max, y.Max), Math.Max(x.PointsMax, y.PointsMax));

    private static double? Least(double? x, double? y) => x is null || y < x ? y : x;

    private static double? Greatest(double? x, double? y) => x is null || y > x ? y : x;

    private static void Count(Dictionary<string, Dictionary<int, int>> keys, string key, RunBlock block, int column, ReadOnlySpan<ulong> bits)
    {
        if (!keys.TryGetValue(key, out var counts))
        {
            keys.Add(key, counts = []);
        }

        Span<int> buffer = stackalloc int[RunBlock.RowsMax];
        var codes = block.Texts(column, buffer);
        for (var word = 0; word < bits.Length; word++)
        {
            for (var left = bits[word]; left != 0; left &= left - 1)
            {
                System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, codes[(word << 6) + BitOperations.TrailingZeroCount(left)], out _)++;
            }
        }
    }

    /// <summary>Values are told one by one as long as there are few; of many only the commonest.</summary>
    private static TextKey Text(string key, Dictionary<int, int> counts, TextPool texts)
    {
        var (min, max) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var code in counts.Keys)
        {
            if (!double.TryParse(texts[code], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
            {
                (min, max) = (double.PositiveInfinity, double.NegativeInfinity);
                break;
            }

            (min, max) = (Math.Min(min, number), Math.Max(max, number));
        }

        var commonest = counts.OrderByDescending(c => c.Value).Take(ValuesMax).Select(c => new RunValue(texts[c.Key], c.Value));
        return new TextKey(key, counts.Values.Sum(c => (long)c), counts.Count, min <= max ? min : null, min <= max ? max : null, [.. commonest]);
    }

    private static List<TextKey> Merge(IEnumerable<TextKey> parts) =>
        [.. parts.GroupBy(p => p.Key, StringComparer.Ordinal).Select(Merge).OrderByDescending(k => k.Runs).ThenBy(k => k.Key, StringComparer.Ordinal)];

    private static TextKey Merge(IGrouping<string, TextKey> parts)
    {
        var values = parts.SelectMany(p => p.Commonest).GroupBy(v => v.Value, StringComparer.Ordinal).Select(g => new RunValue(g.Key, g.Sum(v => v.Runs))).ToList();
        var numeric = parts.All(p => p.Min is not null);
        return new TextKey(
            parts.Key,
            parts.Sum(p => p.Runs),
            Math.Max(values.Count, parts.Max(p => p.Values)),
            numeric ? parts.Min(p => p.Min) : null,
            numeric ? parts.Max(p => p.Max) : null,
            [.. values.Where(v => !ResidentTexts.IsCut(v.Value)).OrderByDescending(v => v.Runs).ThenBy(v => v.Value, StringComparer.Ordinal).Take(CommonestMax)]);
    }
}
