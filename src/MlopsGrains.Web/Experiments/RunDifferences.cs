using MlopsGrains.Experiments;

namespace MlopsGrains.Web.Experiments;

/// <summary>One row of a comparison: a value of each run, <see langword="null"/> where a run has none.</summary>
internal sealed record ComparedTexts(string Key, IReadOnlyList<string?> Values)
{
    public bool Differs => Values.Distinct(StringComparer.Ordinal).Count() > 1;

    /// <summary>Params, tags or anything else that is a text by key.</summary>
    public static IReadOnlyList<ComparedTexts> Of(IReadOnlyList<Run> runs, Func<Run, IEnumerable<Tag>> pairs)
    {
        var columns = runs.Select(r => pairs(r).GroupBy(p => p.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().Value, StringComparer.Ordinal)).ToList();
        return [.. columns.SelectMany(c => c.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(key => new ComparedTexts(key, [.. columns.Select(c => c.GetValueOrDefault(key))]))];
    }
}

/// <summary>A metric of each run, against the first of them.</summary>
internal sealed record ComparedMetric(string Key, IReadOnlyList<double?> Values)
{
    public bool LessIsBetter => Formats.Shown.LessIsBetter(Key);

    public bool Differs => Values.Distinct().Count() > 1;

    /// <summary>The best of all runs; <see langword="null"/> where fewer than two can be compared.</summary>
    public double? Best => Values.Where(v => v is { } there && double.IsFinite(there)).ToList() is { Count: > 1 } finite ? (LessIsBetter ? finite.Min() : finite.Max()) : null;

    /// <summary>Whether a run is better (1) or worse (−1) than the first, or neither.</summary>
    public int Sign(int run) => Values[0] is { } against && Values[run] is { } value ? (LessIsBetter ? against.CompareTo(value) : value.CompareTo(against)) : 0;

    public static IReadOnlyList<ComparedMetric> Of(IReadOnlyList<Run> runs)
    {
        var columns = runs.Select(r => r.Metrics.Where(m => !m.Key.StartsWith(RunView.SystemPrefix, StringComparison.Ordinal)).ToDictionary(m => m.Key, m => (double?)m.Value, StringComparer.Ordinal)).ToList();
        return [.. columns.SelectMany(c => c.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(key => new ComparedMetric(key, [.. columns.Select(c => c.GetValueOrDefault(key))]))];
    }
}
