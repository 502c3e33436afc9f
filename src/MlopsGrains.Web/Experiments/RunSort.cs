using MlopsGrains.Experiments;

namespace MlopsGrains.Web.Experiments;

/// <summary>What a table of runs is sorted by, as its address says it: <c>-metrics.val_auc</c> for the greatest first.</summary>
/// <param name="Field">Such as <c>metrics.val_auc</c>, <c>params.lr</c> or <c>start_time</c>.</param>
/// <param name="Descending">Direction.</param>
public sealed record RunSort(string Field, bool Descending)
{
    public static RunSort Usual { get; } = new("start_time", true);

    /// <summary>What an address says; the usual order when it says nothing.</summary>
    public static RunSort Read(string? text) => text switch
    {
        null or "" or "-" => Usual,
        ['-', .. var field] => new(field, true),
        _ => new(text, false),
    };

    public string Write() => (Descending ? "-" : "") + Field;

    /// <summary>As the search says it. A key is quoted, so that one with dots or spaces is one key.</summary>
    public string OrderBy()
    {
        var dot = Field.IndexOf('.', StringComparison.Ordinal);
        var field = dot < 0 ? Field : $"{Field[..dot]}.`{Field[(dot + 1)..]}`";
        return $"{field} {(Descending ? "DESC" : "ASC")}";
    }

    /// <summary>What a click on a column's head asks for: the better end of a metric first, then the other.</summary>
    public RunSort Click(string field) =>
        Field == field ? this with { Descending = !Descending }
        : new(field, field == Usual.Field || (field.StartsWith("metrics.", StringComparison.Ordinal) && !Formats.Shown.LessIsBetter(field[8..])));
}

/// <summary>The columns that a page of runs proposes: metrics that most runs have, and params that differ.</summary>
internal sealed record RunColumns(IReadOnlyList<string> Metrics, IReadOnlyList<string> Params)
{
    private const int MetricsShown = 5;
    private const int ParamsShown = 6;

    /// <param name="runs">The page.</param>
    /// <param name="sort">Its metric or param is always shown.</param>
    public static RunColumns Of(IReadOnlyList<Run> runs, RunSort sort)
    {
        var metrics = runs.SelectMany(r => r.Metrics).Where(m => !m.Key.StartsWith(RunView.SystemPrefix, StringComparison.Ordinal)).CountBy(m => m.Key)
            .OrderByDescending(m => sort.Field == "metrics." + m.Key).ThenByDescending(m => m.Value).ThenBy(m => m.Key, StringComparer.Ordinal).Take(MetricsShown).Select(m => m.Key);
        var differing = runs.SelectMany(r => r.Params).GroupBy(p => p.Key, StringComparer.Ordinal)
            .Select(g => (g.Key, Count: g.Count(), Values: g.Select(p => p.Value).Distinct(StringComparer.Ordinal).Count()))
            .Where(p => p.Values > 1 || (p.Count < runs.Count && runs.Count > 1) || sort.Field == "params." + p.Key)
            .OrderByDescending(p => sort.Field == "params." + p.Key).ThenByDescending(p => p.Count).ThenBy(p => p.Key, StringComparer.Ordinal).Take(ParamsShown).Select(p => p.Key);
        return new RunColumns([.. metrics], [.. differing]);
    }
}
