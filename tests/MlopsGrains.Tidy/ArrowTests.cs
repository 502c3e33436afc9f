using System.Text.RegularExpressions;

namespace MlopsGrains.Tidy;

/// <summary>The two arrows of the house: which project knows which, and which domain may use which.</summary>
public sealed partial class ArrowTests
{
    private static readonly string[] DomainOrder =
        ["Governance", "Data", "Experiments", "Models", "Deployments", "Monitoring", "Pipelines", "Llm", "Agents"];

    private static readonly Dictionary<string, string[]> MayKnow = new()
    {
        ["MlopsGrains.Abstractions"] = [],
        ["MlopsGrains.Algorithms"] = [],
        ["MlopsGrains.Storage"] = [],
        ["MlopsGrains.Grains"] = ["MlopsGrains.Abstractions", "MlopsGrains.Algorithms", "MlopsGrains.Storage"],
        ["MlopsGrains.Client"] = ["MlopsGrains.Abstractions"],
        ["MlopsGrains.Client.MlNet"] = ["MlopsGrains.Abstractions", "MlopsGrains.Client"],
        ["MlopsGrains.Gateway"] = ["MlopsGrains.Abstractions"],
        ["MlopsGrains.Web"] = ["MlopsGrains.Abstractions", "MlopsGrains.Client"],
        ["MlopsGrains.Cli"] = ["MlopsGrains.Abstractions", "MlopsGrains.Client"],
    };

    public static TheoryData<string> Projects =>
        [.. Directory.GetDirectories(Path.Combine(RepositoryFiles.Root, "src")).Select(d => Path.GetFileName(d)).Order()];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_KnowsOnlyWhatTheHouseAllows(string project)
    {
        if (project == "MlopsGrains.Server")
        {
            return; // The program wires everything.
        }

        Assert.True(MayKnow.TryGetValue(project, out var allowed), $"{project} has no place in the house.");
        Assert.Empty(RepositoryFiles.ProjectReferences(project).Except(allowed!));
    }

    [Theory]
    [InlineData("src/MlopsGrains.Abstractions")]
    [InlineData("src/MlopsGrains.Algorithms")]
    [InlineData("src/MlopsGrains.Grains")]
    [InlineData("src/MlopsGrains.Gateway")]
    public void Domain_UsesOnlyDomainsToItsLeft(string project)
    {
        var wrong = new List<string>();
        foreach (var file in RepositoryFiles.Sources(project))
        {
            var own = Array.IndexOf(DomainOrder, file.Split('/')[2]);
            if (own < 0)
            {
                continue;
            }

            foreach (Match used in DomainUse().Matches(RepositoryFiles.Read(file)))
            {
                var other = Array.IndexOf(DomainOrder, used.Groups["domain"].Value);
                if (other > own)
                {
                    wrong.Add($"{file} uses {used.Value.Trim()}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Storage_SaysNoDomainWord()
    {
        var wrong = RepositoryFiles.Sources("src/MlopsGrains.Storage")
            .Where(f => DomainWord().IsMatch(RepositoryFiles.Read(f)))
            .ToList();

        Assert.Empty(wrong);
    }

    [GeneratedRegex(@"\bMlopsGrains\.(?:Grains\.|Algorithms\.|Gateway\.)?(?<domain>Governance|Data|Experiments|Models|Deployments|Monitoring|Pipelines|Llm|Agents)\b")]
    private static partial Regex DomainUse();

    [GeneratedRegex(@"\b(experiment|pipeline|deployment|registered model|monitor rule|dataset)s?\b", RegexOptions.IgnoreCase)]
    private static partial Regex DomainWord();
}
