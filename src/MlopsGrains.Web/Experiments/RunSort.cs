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

/// <summary>The keys that a table is sorted by, the first first, as its address says them: <c>-metrics.val_auc,start_time</c>.</summary>
public sealed record RunSorts(IReadOnlyList<RunSort> Keys)
{
    private const int KeysMax = 8;

    public static RunSorts Usual { get; } = new([RunSort.Usual]);

    public bool IsUsual => Keys is [var only] && only == RunSort.Usual;

    public static RunSorts Read(string? text)
    {
        var keys = (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(RunSort.Read).DistinctBy(k => k.Field).Take(KeysMax).ToList();
        return keys.Count == 0 ? Usual : new RunSorts(keys);
    }

    public string Write() => string.Join(',', Keys.Select(k => k.Write()));

    /// <summary>None when it is the search's own order.</summary>
    public IReadOnlyList<string> OrderBy() => IsUsual ? [] : [.. Keys.Select(k => k.OrderBy())];

    /// <summary>What a click on a column's head asks for.</summary>
    /// <param name="field">The column.</param>
    /// <param name="more">Whether the other keys stay, and a new one comes last.</param>
    public RunSorts Click(string field, bool more = false)
    {
        var at = Keys.ToList().FindIndex(k => k.Field == field);
        var clicked = at >= 0 ? Keys[at].Click(field) : RunSort.Usual.Click(field);
        return !more ? new RunSorts([clicked])
            : at < 0 ? new RunSorts([.. Keys, clicked])
            : new RunSorts([.. Keys.Select((k, i) => i == at ? clicked : k)]);
    }
}
