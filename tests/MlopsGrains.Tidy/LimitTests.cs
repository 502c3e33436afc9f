using System.Text.RegularExpressions;

namespace MlopsGrains.Tidy;

/// <summary>Limits and the rules for ids are written once, in Abstractions beside the messages of their domain, and every door reads them there.</summary>
public sealed partial class LimitTests
{
    public static TheoryData<string> Doors => ["src/MlopsGrains.Gateway", "src/MlopsGrains.Client", "src/MlopsGrains.Client.MlNet", "src/MlopsGrains.Cli"];

    [Theory]
    [MemberData(nameof(Doors))]
    public void Door_DeclaresNoLimitOfAMessage(string door)
    {
        var wrong = RepositoryFiles.Sources(door)
            .SelectMany(f => MessageLimit().Matches(RepositoryFiles.Read(f)).Select(m => $"{f}: {m.Value}"))
            .ToList();

        Assert.Empty(wrong);
    }

    /// <summary>A constant of the name and value of one of theirs is that limit again.</summary>
    [Fact]
    public void Limit_IsWrittenOnce()
    {
        var limits = RepositoryFiles.Sources("src/MlopsGrains.Abstractions").Where(f => f.EndsWith("Limits.cs", StringComparison.Ordinal)).SelectMany(Numbers).Select(l => l.Limit).ToHashSet();
        var twice = RepositoryFiles.Sources("src").Where(f => !f.StartsWith("src/MlopsGrains.Abstractions/", StringComparison.Ordinal)).SelectMany(Numbers).Where(l => limits.Contains(l.Limit)).ToList();

        Assert.NotEmpty(limits);
        Assert.Empty(twice);
    }

    [Fact]
    public void Pattern_IsWrittenOnce()
    {
        var twice = RepositoryFiles.Sources("src")
            .SelectMany(f => Pattern().Matches(RepositoryFiles.Read(f)).Select(m => (File: f, m.Groups["pattern"].Value)))
            .GroupBy(p => p.Value)
            .Where(g => g.Count() > 1)
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(p => p.File))}")
            .ToList();

        Assert.Empty(twice);
    }

    /// <summary>A limit of a text is in characters: <c>Limit.Length</c> and <c>IsLongerThan</c> count them, <c>string.Length</c> counts UTF-16 units.</summary>
    [Fact]
    public void Length_IsCountedInCharacters()
    {
        var wrong = RepositoryFiles.Sources("src")
            .Where(f => !f.StartsWith("src/MlopsGrains.Abstractions/Limits/", StringComparison.Ordinal))
            .SelectMany(f => Units().Matches(RepositoryFiles.Read(f)).Select(m => $"{f}: {m.Value}"))
            .ToList();

        Assert.Empty(wrong);
    }

    private static IEnumerable<(string File, string Limit)> Numbers(string file) =>
        Number().Matches(RepositoryFiles.Read(file)).Select(m => (file, $"{m.Groups["name"].Value} = {m.Groups["value"].Value.Replace("_", "", StringComparison.Ordinal)}"));

    [GeneratedRegex(@"const (?:int|long) \w*(?:Length|Results|Limit|Page|PerPage|Pairs|Metrics)Max\b[^;]*;")]
    private static partial Regex MessageLimit();

    [GeneratedRegex(@"const (?:int|long) (?<name>\w+(?:Max|Min)) = (?<value>[^;]+);")]
    private static partial Regex Number();

    [GeneratedRegex(@"GeneratedRegex\(@?(?<pattern>""(?:[^""]|"""")*"")")]
    private static partial Regex Pattern();

    [GeneratedRegex(@"(?:(?<!Limit)\.Length|\{ Length:) [^;\n?(]{0,30}(?<!Journal)Limits\.(?!RunIdPrefix|ModelHistory)\w*LengthM(?:ax|in)\b")]
    private static partial Regex Units();
}
