using System.Text.RegularExpressions;

namespace MlopsGrains.Tidy;

/// <summary>Habits that a compiler does not hold.</summary>
public sealed partial class HouseRuleTests
{
    /// <summary>Settings are read and checked in one way, that of <c>MlopsGrains.Settings</c>.</summary>
    private const string SettingsChecks = @"IValidateOptions|ValidateDataAnnotations|BindConfiguration";

    public static TheoryData<string, string> Bans => new()
    {
        { "src", @"\bDateTime(Offset)?\.(Utc)?Now\b" },
        { "src", @"\bNotImplementedException\b" },
        { "src", @"(TODO|FIXME|HACK)\b" },
        { "src", @"#region\b" },
        { "src/MlopsGrains.Client", SettingsChecks },
        { "src/MlopsGrains.Gateway", SettingsChecks },
        { "src/MlopsGrains.Grains", SettingsChecks },
        { "src/MlopsGrains.Server", SettingsChecks },
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

    /// <summary>What the client is for stands in its root namespace, so that whoever embeds it writes one using; what it keeps to itself follows its folders.</summary>
    [Fact]
    public void Namespaces_FollowFolders()
    {
        var wrong = new List<string>();
        foreach (var file in RepositoryFiles.Sources("src").Concat(RepositoryFiles.Sources("tests")))
        {
            var text = RepositoryFiles.Read(file);
            var parts = file.Split('/');
            var root = parts[1] == "MlopsGrains.Abstractions" ? "MlopsGrains" : parts[1];
            var folders = parts[1] == "MlopsGrains.Client" && PublicType().IsMatch(text) ? [] : parts[2..^1];
            var expected = string.Join('.', folders.Prepend(root));
            if (Namespace().Match(text) is { Success: true } match && match.Groups["name"].Value is var name
                && name != expected && name is not ("MlopsGrains.Testing" or "Microsoft.Extensions.DependencyInjection"))
            {
                wrong.Add($"{file} says {name}, its folder {expected}.");
            }
        }

        Assert.Empty(wrong);
    }

    /// <summary>Of fields and usings the build holds the rest (<c>.editorconfig</c>).</summary>
    [Fact]
    public void Usings_AreInOrder_SystemFirst()
    {
        var wrong = RepositoryFiles.Sources("src").Concat(RepositoryFiles.Sources("tests")).Where(file =>
        {
            var usings = PlainUsing().Matches(RepositoryFiles.Read(file)).Select(m => m.Groups["name"].Value).ToList();
            return !usings.SequenceEqual(usings.OrderBy(u => !$"{u}.".StartsWith("System.", StringComparison.Ordinal)).ThenBy(u => u, StringComparer.OrdinalIgnoreCase));
        });

        Assert.Empty(wrong);
    }

    /// <summary>With the messages that only it speaks beside it.</summary>
    [Fact]
    public void Contract_IsTheOnlyInterfaceOfAFileOfItsName()
    {
        var wrong = RepositoryFiles.Sources("src/MlopsGrains.Abstractions")
            .Where(f => PublicInterface().Matches(RepositoryFiles.Read(f)) is { Count: > 0 } found && string.Join(',', found.Select(m => m.Groups["name"].Value)) != Path.GetFileNameWithoutExtension(f));

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

    [GeneratedRegex(@"^public (?:[a-z]+ )*(?:class|record|struct|interface|enum|delegate) ", RegexOptions.Multiline)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"^using (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex PlainUsing();

    [GeneratedRegex(@"^public interface (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex PublicInterface();

    [GeneratedRegex(@"(\[[^\]]*\]\s*)?public interface (?<name>I\w+Grain) : IGrainWith")]
    private static partial Regex GrainInterface();

    [GeneratedRegex(@"\[GenerateSerializer[^\]]*\]")]
    private static partial Regex SerializedType();
}
