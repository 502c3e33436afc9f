using System.Text.RegularExpressions;

namespace MlopsGrains.Tidy;

/// <summary>Habits that a compiler does not hold.</summary>
public sealed partial class HouseRuleTests
{
    public static TheoryData<string, string> Bans => new()
    {
        { "src", @"\bDateTime(Offset)?\.(Utc)?Now\b" },
        { "src", @"\bNotImplementedException\b" },
        { "src", @"(TODO|FIXME|HACK)\b" },
        { "src", @"#region\b" },
        { "src/MlopsGrains.Grains", @"\.GetAwaiter\(\)\.GetResult\(\)" },
        { "tests", @"\bThread\.Sleep\(" },
        { "tests", @"\bSkip\s*=" },
    };

    [Theory]
    [MemberData(nameof(Bans))]
    public void Source_HoldsNoBannedForm(string under, string pattern)
    {
        var wrong = RepositoryFiles.Sources(under)
            .Where(f => !f.StartsWith("tests/MlopsGrains.Tidy/", StringComparison.Ordinal))
            .Where(f => Regex.IsMatch(RepositoryFiles.Read(f), pattern))
            .ToList();

        Assert.Empty(wrong);
    }

    /// <summary>Not in the client and the command: most of what they hold is in one namespace, so that whoever embeds the client writes one using.</summary>
    [Fact]
    public void Namespaces_FollowFolders()
    {
        var wrong = new List<string>();
        foreach (var file in RepositoryFiles.Sources("src").Concat(RepositoryFiles.Sources("tests")))
        {
            var parts = file.Split('/');
            if (parts[1] is "MlopsGrains.Client" or "MlopsGrains.Cli")
            {
                continue;
            }

            var root = parts[1] == "MlopsGrains.Abstractions" ? "MlopsGrains" : parts[1];
            var expected = string.Join('.', parts[2..^1].Prepend(root));
            if (Namespace().Match(RepositoryFiles.Read(file)) is { Success: true } match && match.Groups["name"].Value is var name
                && name != expected && name != "MlopsGrains.Testing")
            {
                wrong.Add($"{file} says {name}, its folder {expected}.");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void GrainContracts_HaveStableNames()
    {
        var wrong = new List<string>();
        foreach (var file in RepositoryFiles.Sources("src"))
        {
            var text = RepositoryFiles.Read(file);
            wrong.AddRange(GrainInterface().Matches(text).Where(m => !m.Value.Contains("[GrainInterfaceType(", StringComparison.Ordinal)).Select(m => $"{file}: {m.Groups["name"].Value} has no [GrainInterfaceType]"));
            wrong.AddRange(SerializedType().Matches(text).Where(m => !m.Value.Contains("Alias(", StringComparison.Ordinal)).Select(m => $"{file}: a [GenerateSerializer] type has no [Alias]"));
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Document_ADR_NumbersAreUnique()
    {
        var numbers = Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "docs", "adr"), "*.md").Select(f => Path.GetFileName(f)[..4]).ToList();

        Assert.Equal(numbers.Distinct().Count(), numbers.Count);
    }

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"(\[[^\]]*\]\s*)?public interface (?<name>I\w+Grain) : IGrainWith")]
    private static partial Regex GrainInterface();

    [GeneratedRegex(@"\[GenerateSerializer[^\]]*\]")]
    private static partial Regex SerializedType();
}
