namespace MlopsGrains.Algorithms.Filters;

/// <summary>SQL's LIKE: <c>%</c> is any text, <c>_</c> one character. Linear for one <c>%</c>, never worse than text × pattern.</summary>
public sealed class LikePattern(string pattern, bool ignoreCase)
{
    private readonly string pattern = ignoreCase ? pattern.ToUpperInvariant() : pattern;

    /// <summary>Whether the whole text fits the pattern.</summary>
    public bool Matches(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var subject = ignoreCase ? text.ToUpperInvariant() : text;
        int t = 0, p = 0, afterPercent = -1, retryFrom = 0;
        while (t < subject.Length)
        {
            if (p < pattern.Length && pattern[p] == '%')
            {
                afterPercent = ++p;
                retryFrom = t;
            }
            else if (p < pattern.Length && (pattern[p] == '_' || pattern[p] == subject[t]))
            {
                p++;
                t++;
            }
            else if (afterPercent >= 0)
            {
                p = afterPercent;
                t = ++retryFrom;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '%')
        {
            p++;
        }

        return p == pattern.Length;
    }
}
