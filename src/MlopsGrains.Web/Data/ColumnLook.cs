using MlopsGrains.Data;

namespace MlopsGrains.Web.Data;

/// <summary>How a column's profile is told.</summary>
internal static class ColumnLook
{
    public static string Type(ColumnType type) => type switch
    {
        ColumnType.Integer => "whole number",
        ColumnType.Number => "number",
        ColumnType.Boolean => "true or false",
        _ => "text",
    };

    /// <summary>The columns of a view, by a key that its address names; the table's own order for another.</summary>
    public static IEnumerable<ColumnProfileView> Sorted(IEnumerable<ColumnProfileView> columns, string? key) => key switch
    {
        "name" => columns.OrderBy(c => c.Name, StringComparer.OrdinalIgnoreCase),
        "missing" => columns.OrderByDescending(c => c.Missing).ThenBy(c => c.Name, StringComparer.Ordinal),
        "distinct" => columns.OrderByDescending(c => c.Distinct).ThenBy(c => c.Name, StringComparer.Ordinal),
        _ => columns,
    };

    /// <summary>A range of numbers as it is read.</summary>
    public static string Range(double low, double high) => $"{Formats.Shown.Metric(low)} – {Formats.Shown.Metric(high)}";

    /// <summary>How far two distributions are apart, in a word: by the Jensen-Shannon distances 0.1 and 0.3.</summary>
    public static Parts.StatusLook Distance(double? distance) => distance switch
    {
        null => new("nodata", "idle", "cannot be compared"),
        < 0.1 => new("ok", "ok", "alike"),
        < 0.3 => new("warn", "warn", "differs"),
        _ => new("bad", "bad", "differs much"),
    };
}
