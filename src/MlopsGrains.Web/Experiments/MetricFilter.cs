using System.Text.RegularExpressions;

namespace MlopsGrains.Web.Experiments;

/// <summary>Metrics by a part of their name, or by <c>/regex/</c>, whatever the case.</summary>
internal static class MetricFilter
{
    private const int PatternMax = 500;

    /// <summary>All of them when nothing is asked for, or the pattern is none.</summary>
    public static IReadOnlyList<T> Of<T>(IReadOnlyList<T> metrics, Func<T, string> key, string? asked)
    {
        if (string.IsNullOrWhiteSpace(asked) || asked.Length > PatternMax)
        {
            return metrics;
        }

        var part = asked.Trim();
        if (part is not ['/', .. [_, ..] pattern, '/'])
        {
            return [.. metrics.Where(m => key(m).Contains(part, StringComparison.OrdinalIgnoreCase))];
        }

        try
        {
            // Time that grows with the text alone, whatever is asked for.
            var regex = new Regex(pattern, RegexOptions.IgnoreCase | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return [.. metrics.Where(m => regex.IsMatch(key(m)))];
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return metrics;
        }
    }
}
