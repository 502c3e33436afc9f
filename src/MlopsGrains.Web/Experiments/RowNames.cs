using MlopsGrains.Experiments;

namespace MlopsGrains.Web.Experiments;

/// <summary>Groups are called by the params in which they differ.</summary>
internal static class RowNames
{
    public static IReadOnlySet<string> Varying(IReadOnlyList<RunGroup> groups) =>
        groups.SelectMany(g => g.Params).GroupBy(p => p.Key, StringComparer.Ordinal)
            .Where(p => p.Count() < groups.Count || p.Select(x => x.Value).Distinct(StringComparer.Ordinal).Count() > 1)
            .Select(p => p.Key).ToHashSet(StringComparer.Ordinal);

    /// <param name="group">The group.</param>
    /// <param name="keys">Which params; all when <see langword="null"/>.</param>
    public static string Of(RunGroup group, IReadOnlySet<string>? keys) =>
        string.Join(", ", group.Params.Where(p => keys is null || keys.Contains(p.Key)).Select(p => $"{p.Key} {p.Value}")) is { Length: > 0 } name ? name
        : group.Params.Count == 0 ? "no params" : Of(group, null);
}
