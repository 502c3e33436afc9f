using System.Text;
using System.Text.Json;
using MlopsGrains.Grains.Data;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Data;

public sealed class RuleGuideTests
{
    /// <summary>When it fails, paste the table of the message into the guide.</summary>
    [Fact]
    public void Documentation_HoldsTheTableOfTheRules() =>
        Assert.Contains(RuleGuide.Markdown, File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "data.md")).ReplaceLineEndings("\n"), StringComparison.Ordinal);

    [Fact]
    public void Documentation_NamesTheWordsForMissing() =>
        Assert.Contains(string.Join(' ', CsvDialect.UsualMissingWords.Select(w => $"`{w}`")), File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "data.md")), StringComparison.Ordinal);

    public static TheoryData<string> Examples => [.. RuleGuide.All.Select(r => r.Example)];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Example_IsARuleThatCanJudge(string example)
    {
        var suite = ExpectationSuite.Parse(JsonDocument.Parse($"[{example}]").RootElement);

        var report = suite.Evaluate(new MemoryStream(Encoding.UTF8.GetBytes("age,plan,id,mail,zip\n30,free,1,a@b.c,07913\n")), TestContext.Current.CancellationToken);

        Assert.Single(report.Results);
        Assert.Contains(example.Trim('{', '}').Split('"')[1], new[] { "column" }.Concat(ExpectationSuite.Rules));
    }
}
