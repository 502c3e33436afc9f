using System.Globalization;
using MlopsGrains.Experiments;
using MlopsGrains.Texts;
using MlopsGrains.Web.Formats;

namespace MlopsGrains.Web.Experiments;

/// <summary>A column of a table of runs.</summary>
/// <param name="Field">As an address says it: <c>metrics.auc</c>, <c>params.lr</c>, <c>tags.team</c>, or one of <see cref="RunColumns.Attributes"/>.</param>
public sealed record RunColumn(string Field)
{
    public bool IsMetric => Field.StartsWith("metrics.", StringComparison.Ordinal);

    public bool IsParam => Field.StartsWith("params.", StringComparison.Ordinal);

    public bool IsTag => Field.StartsWith("tags.", StringComparison.Ordinal);

    /// <summary>Whether it is of the run itself, such as its age.</summary>
    public bool IsAttribute => !IsMetric && !IsParam && !IsTag;

    /// <summary>The metric, param or tag.</summary>
    public string Key => IsAttribute ? Field : Field[(Field.IndexOf('.', StringComparison.Ordinal) + 1)..];

    public string Title => Field switch
    {
        "age" => "Age",
        "duration" => "Duration",
        "user" => "User",
        "id" => "Id",
        _ => Key,
    };

    /// <summary>What the search sorts by, if it can.</summary>
    public string? SortField => Field switch
    {
        "age" => "start_time",
        "user" => "user_id",
        "id" => "run_id",
        "duration" => null,
        _ => Field,
    };

    /// <summary>What the columns of one kind are called together.</summary>
    public string Group => IsMetric ? "Metrics" : IsParam ? "Params" : IsTag ? "Tags" : "";
}

/// <summary>Which columns a table has.</summary>
internal static class RunColumns
{
    private const int ColumnsMax = 60;
    private const int ProposedMax = 12;
    private const int MetricsProposed = 5;

    public static IReadOnlyList<string> Attributes { get; } = ["age", "duration", "user", "id"];

    /// <summary>What an address says; <see langword="null"/> when it says nothing that is a column.</summary>
    public static IReadOnlyList<RunColumn>? Read(string? text)
    {
        var columns = (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal)
            .Select(field => new RunColumn(field)).Where(c => c.IsAttribute ? Attributes.Contains(c.Field) : c.Key.Length > 0 && !c.Key.IsLongerThan(TrackingLimits.KeyLengthMax)).Take(ColumnsMax).ToList();
        return columns.Count == 0 ? null : columns;
    }

    public static string Write(IEnumerable<RunColumn> columns) => string.Join(',', columns.Select(c => c.Field));

    /// <summary>Age and duration, metrics that most runs have, and params that differ, those that most runs have first; what the table is sorted by is always among them.</summary>
    public static IReadOnlyList<RunColumn> Propose(RunKeys keys, RunSorts sorts)
    {
        int Sorted(string field) => sorts.Keys.Any(k => k.Field == field) ? 0 : 1;
        var metrics = keys.Metrics.Where(m => !RunView.IsSystem(m.Key) || Sorted("metrics." + m.Key) == 0)
            .OrderBy(m => Sorted("metrics." + m.Key)).ThenByDescending(m => m.Runs).ThenBy(m => m.Key, StringComparer.Ordinal).Take(MetricsProposed).Select(m => new RunColumn("metrics." + m.Key)).ToList();
        var differing = keys.Params.Where(p => p.Values > 1 || p.Runs < keys.Runs || Sorted("params." + p.Key) == 0)
            .OrderBy(p => Sorted("params." + p.Key)).ThenByDescending(p => p.Runs).ThenBy(p => p.Key, StringComparer.Ordinal).Take(ProposedMax - 2 - metrics.Count).Select(p => new RunColumn("params." + p.Key));
        return [new("age"), new("duration"), .. metrics, .. differing];
    }
}

/// <summary>How the values of a column are written and drawn, the same in every part of a table that is loaded by itself.</summary>
/// <param name="Decimals">Of a metric.</param>
/// <param name="Min">The least finite value over all runs that match.</param>
/// <param name="Max">The greatest.</param>
/// <param name="IsNumber">Whether it stands at the right.</param>
public sealed record RunScale(int Decimals, double? Min, double? Max, bool IsNumber)
{
    private const int BarSteps = 20;

    private const char Between = '~';

    public static RunScale Text { get; } = new(0, null, null, false);

    /// <summary>The place between the least and the greatest, in twentieths; <see langword="null"/> where that says nothing.</summary>
    public int? Bar(double value) => Min is { } min && Max is { } max && max > min && double.IsFinite(value) ? (int)Math.Clamp(Math.Round((value - min) / (max - min) * BarSteps), 0, BarSteps) : null;

    public bool IsBest(double value, bool lessIsBetter) => Min < Max && value == (lessIsBetter ? Min : Max);

    public static string Write(IEnumerable<RunScale> scales) =>
        string.Join(';', scales.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Decimals}{Between}{s.Min:R}{Between}{s.Max:R}{Between}{(s.IsNumber ? 1 : 0)}")));

    /// <summary>What <see cref="Write"/> wrote for as many columns; <see langword="null"/> for anything else.</summary>
    public static IReadOnlyList<RunScale>? Read(string? text, int columns)
    {
        var parts = (text ?? "").Split(';');
        if (text is null || parts.Length != columns)
        {
            return null;
        }

        var scales = new List<RunScale>(columns);
        foreach (var part in parts)
        {
            if (part.Split(Between) is not [var decimals, var min, var max, var number] || !int.TryParse(decimals, CultureInfo.InvariantCulture, out var digits) || digits is < 0 or > 6)
            {
                return null;
            }

            scales.Add(new RunScale(digits, Number(min), Number(max), number == "1"));
        }

        return scales;
    }

    /// <summary>Of the columns, from what is known of all runs that match and from the first of them.</summary>
    public static IReadOnlyList<RunScale> Of(IReadOnlyList<RunColumn> columns, IReadOnlyList<Run> first, RunKeys? keys) =>
    [
        .. columns.Select(column =>
        {
            if (column.IsMetric)
            {
                var values = first.SelectMany(r => r.Metrics.Where(m => m.Key == column.Key)).Select(m => m.Value).ToList();
                var known = keys?.Metrics.FirstOrDefault(m => m.Key == column.Key);
                return new RunScale(Shown.Decimals(values), known?.Min, known?.Max, true);
            }

            if (column.IsAttribute)
            {
                return Text with { IsNumber = column.Field is "age" or "duration" };
            }

            var text = (column.IsParam ? keys?.Params : keys?.Tags)?.FirstOrDefault(p => p.Key == column.Key);
            return Text with { IsNumber = text?.Min is not null };
        }),
    ];

    private static double? Number(string text) => double.TryParse(text, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
}
