using System.Buffers;
using System.Security.Cryptography;
using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Limits;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>What a shard contributes to a group.</summary>
/// <param name="Id">The group.</param>
/// <param name="Params">Its configuration.</param>
/// <param name="Runs">How many runs of the shard belong to it.</param>
/// <param name="Metrics">Their finite latest values.</param>
[GenerateSerializer, Immutable, Alias("mlops.RunGroupPart")]
internal sealed record RunGroupPart(
    [property: Id(0)] string Id,
    [property: Id(1)] IReadOnlyList<Tag> Params,
    [property: Id(2)] int Runs,
    [property: Id(3)] IReadOnlyDictionary<string, double[]> Metrics);

/// <summary>Groups of runs that differ only in their seeds. Pure.</summary>
internal static class RunGroups
{
    public const int RunsMax = 100_000;

    private const int SeedParamsMax = 20;
    private const int MetricsMax = 100;

    private static readonly string[] SeedParams = ["seed", "random_state", "random_seed"];

    /// <exception cref="MlopsException">A field is outside its limits; it names the field.</exception>
    public static void Check(RunGroupQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        Check("seedParams", query.SeedParams, SeedParamsMax);
        Check("metrics", query.Metrics, MetricsMax);
        if (query.Confidence is not (>= 0.5 and <= 0.9999))
        {
            throw MlopsException.Invalid("confidence", "confidence must be from 0.5 to 0.9999.");
        }

        if (query.RunsMin < 1)
        {
            throw MlopsException.Invalid("runsMin", "runsMin must be at least 1.");
        }

        Limit.Page("maxResults", query.MaxResults, TrackingLimits.RunGroupsMax);
        if (RunFilter.Parse(query.Filter).Points.Count > 0)
        {
            throw MlopsException.Invalid("filter", "Invalid filter: at(…) is not available for groups; use min, max, avg or last.");
        }
    }

    /// <summary>The parts of the active rows of a table that match.</summary>
    public static List<RunGroupPart> Parts(RunTable table, RunGroupQuery query)
    {
        var (seeds, metrics) = ((query.SeedParams ?? SeedParams).ToHashSet(StringComparer.Ordinal), query.Metrics is { Count: > 0 } some ? some.ToHashSet(StringComparer.Ordinal) : null);
        var filter = RunFilter.Parse(query.Filter).Bind(table, new StepValues([]));
        var groups = new Dictionary<string, (Tag[] Params, int Runs, Dictionary<string, List<double>> Metrics)>(StringComparer.Ordinal);
        var runs = 0;
        Span<ulong> all = stackalloc ulong[RowMask.WordsMax];
        foreach (var block in table.Shapes.SelectMany(shape => shape.Blocks))
        {
            var bits = RowMask.Words(block, all);
            filter.Fill(block, bits, negated: false);
            for (var row = 0; row < block.Count; row++)
            {
                if (((bits[row >> 6] >> row) & 1) == 0 || block.Stage(row) != LifecycleStage.Active)
                {
                    continue;
                }

                CheckRuns(++runs);
                var configuration = Configuration(table, block, row, seeds);
                var id = IdOf(configuration);
                var group = groups.TryGetValue(id, out var known) ? known : (configuration, 0, []);
                groups[id] = group with { Runs = group.Runs + 1 };
                AddValues(group.Metrics, block, row, metrics);
            }
        }

        return [.. groups.Select(g => new RunGroupPart(g.Key, g.Value.Params, g.Value.Runs, g.Value.Metrics.ToDictionary(m => m.Key, m => m.Value.ToArray())))];
    }

    /// <summary>Parts of one group together; values in ascending order, so that the sums do not depend on who counted what.</summary>
    public static List<RunGroupPart> Merge(IEnumerable<RunGroupPart> parts)
    {
        var merged = parts.GroupBy(p => p.Id).Select(g => new RunGroupPart(
            g.Key, g.First().Params, g.Sum(p => p.Runs), g.SelectMany(p => p.Metrics).GroupBy(m => m.Key).ToDictionary(m => m.Key, m => m.SelectMany(v => v.Value).Order().ToArray()))).ToList();
        CheckRuns(merged.Sum(g => g.Runs));
        return merged;
    }

    public static RunGroup Summary(RunGroupPart group, double confidence) => new(
        group.Id,
        group.Params,
        group.Runs,
        [.. group.Metrics.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => (m.Key, Estimate: SampleEstimate.Of(m.Value, confidence)!))
            .Select(m => new RunGroupMetric(m.Key, m.Estimate.Count, m.Estimate.Mean, m.Estimate.StandardDeviation, m.Estimate.Low, m.Estimate.High))]);

    public static RunGroupComparison Compare(RunGroupPart first, RunGroupPart second, double confidence) => new(
        Summary(first, confidence),
        Summary(second, confidence),
        [.. first.Metrics.Keys.Intersect(second.Metrics.Keys).Order(StringComparer.Ordinal).Select(key => Compare(key, first.Metrics[key], second.Metrics[key], confidence))]);

    private static RunMetricComparison Compare(string key, double[] first, double[] second, double confidence)
    {
        var (welch, ranks) = (WelchTest.Compare(first, second, confidence), MannWhitneyTest.Compare(first, second)!);
        double? effect = welch is not null && double.IsFinite(welch.HedgesG) ? welch.HedgesG : null;
        return new RunMetricComparison(key, second.Average() - first.Average(), welch?.Low, welch?.High, welch?.P, effect, ranks.P, ranks.Superiority);
    }

    private static void Check(string field, IReadOnlyList<string>? keys, int countMax)
    {
        if (keys?.Count > countMax)
        {
            throw MlopsException.Invalid(field, $"{field} has {keys.Count} keys; at most {countMax}.");
        }

        for (var k = 0; k < keys?.Count; k++)
        {
            TrackingLimits.CheckKey($"{field}[{k}]", keys[k]);
        }
    }

    private static void CheckRuns(int runs)
    {
        if (runs > RunsMax)
        {
            throw MlopsException.Invalid("filter", $"More than {RunsMax} runs match; groups are made of at most so many. Narrow the filter.");
        }
    }

    private static Tag[] Configuration(RunTable table, RunBlock block, int row, HashSet<string> seeds)
    {
        var keys = block.Shape.Params;
        var configuration = new List<Tag>(keys.Length);
        for (var c = 0; c < keys.Length; c++)
        {
            if (!seeds.Contains(keys[c]))
            {
                configuration.Add(new Tag(keys[c], table.Texts[block.Text(row, c)]));
            }
        }

        return [.. configuration];
    }

    private static void AddValues(Dictionary<string, List<double>> metrics, RunBlock block, int row, HashSet<string>? wanted)
    {
        var keys = block.Shape.Metrics;
        for (var c = 0; c < keys.Length; c++)
        {
            if (wanted?.Contains(keys[c]) != false && block.Value(row, c) is var value && double.IsFinite(value))
            {
                if (!metrics.TryGetValue(keys[c], out var values))
                {
                    metrics.Add(keys[c], values = []);
                }

                values.Add(value);
            }
        }
    }

    private static string IdOf(Tag[] configuration)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        var output = new BinaryOutput(buffer);
        foreach (var param in configuration)
        {
            output.Text(param.Key);
            output.Text(param.Value);
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan).AsSpan(0, 16));
    }
}
