namespace MlopsGrains.Web.Experiments;

/// <summary>A part of a name as a filter of the search grammar, which has no escape: a quote or a wildcard in it stands for any character.</summary>
internal static class NameFilter
{
    public static string? Of(string? part, string key = "name") =>
        string.IsNullOrWhiteSpace(part) ? null : $"{key} ILIKE '%{part.Trim().Replace('\'', '_').Replace('%', '_')}%'";
}
