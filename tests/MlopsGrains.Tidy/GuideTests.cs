using System.Text.RegularExpressions;

namespace MlopsGrains.Tidy;

/// <summary>What the guides name is there.</summary>
public sealed partial class GuideTests
{
    private static readonly string[] Guides =
    [
        .. Directory.EnumerateFiles(RepositoryFiles.Root, "*.md"),
        .. new[] { "docs", "src" }.SelectMany(under => Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, under), "*.md", SearchOption.AllDirectories))
            .Where(f => !f.Contains("/bin/", StringComparison.Ordinal) && !f.Contains("/obj/", StringComparison.Ordinal)),
    ];

    [Fact]
    public void Files_AreThere()
    {
        var sources = RepositoryFiles.Sources("src").Concat(RepositoryFiles.Sources("tests")).ToList();
        var wrong = new List<string>();
        foreach (var guide in Guides)
        {
            var text = File.ReadAllText(guide);
            Check(Named(), name => IsThere(Path.Combine(RepositoryFiles.Root, name)));
            Check(Linked(), link => IsThere(Path.Combine(Path.GetDirectoryName(guide)!, link)));
            Check(Source(), name => sources.Any(s => s.EndsWith("/" + name, StringComparison.Ordinal) || s == name));

            void Check(Regex naming, Func<string, bool> isThere) =>
                wrong.AddRange(naming.Matches(text).Select(m => m.Groups["name"].Value).Where(name => !isThere(name)).Select(name => $"{guide}: {name}"));
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Tests_AreThere()
    {
        var tests = RepositoryFiles.Sources("tests").ToDictionary(f => f, RepositoryFiles.Read);
        var classes = tests.Keys.Concat(RepositoryFiles.Sources("src")).Select(f => Path.GetFileNameWithoutExtension(f)).ToHashSet(StringComparer.Ordinal);
        var wrong = new List<string>();
        foreach (var guide in Guides)
        {
            var text = File.ReadAllText(guide);
            wrong.AddRange(TestClass().Matches(text).Select(m => m.Groups["name"].Value).Where(name => !classes.Contains(name)).Select(name => $"{guide}: {name}"));
            wrong.AddRange(Test().Matches(text).Select(m => m.Groups["name"].Value).Where(name => !tests.Values.Any(t => t.Contains($" {name}(", StringComparison.Ordinal))).Select(name => $"{guide}: {name}"));
        }

        Assert.Empty(wrong);
    }

    /// <summary>Decisions are named by their number too.</summary>
    private static bool IsThere(string path) =>
        Path.Exists(path) || (Path.GetDirectoryName(path) is { } folder && Directory.Exists(folder) && Directory.EnumerateFiles(folder, Path.GetFileName(path) + "-*.md").Any());

    /// <summary>A path from the repository's root.</summary>
    [GeneratedRegex(@"(?:`|--project )(?<name>(?:src|tests|docs|deploy)/[\w./-]*[\w/])")]
    private static partial Regex Named();

    /// <summary>A source file by the end of its path.</summary>
    [GeneratedRegex(@"`(?<name>[\w./]+\.cs)`")]
    private static partial Regex Source();

    [GeneratedRegex(@"\]\((?!\w+:)(?<name>[^)#\s]+)")]
    private static partial Regex Linked();

    [GeneratedRegex(@"(?:`|-class ""\*)(?<name>[A-Z]\w*Tests)\b")]
    private static partial Regex TestClass();

    /// <summary>A test's name tells in two parts or more what it is about.</summary>
    [GeneratedRegex(@"`(?<name>[A-Z][a-z]\w*_[A-Z]\w*)`")]
    private static partial Regex Test();
}
