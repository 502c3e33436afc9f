using System.Text.RegularExpressions;

namespace MlopsGrains.Tidy;

/// <summary>The arrows of the house: which project knows which, which domain may use which, and that folders know each other in one direction.</summary>
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
        [.. RepositoryFiles.Projects];

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
    [MemberData(nameof(Projects))]
    public void Project_UsesEveryProjectItRefersTo(string project)
    {
        var used = CodeMap.Uses.Where(u => ProjectOf(u.From) == project).Select(u => ProjectOf(u.To));

        Assert.Empty(RepositoryFiles.ProjectReferences(project).Except(used));
    }

    [Fact]
    public void Project_CompilesOnlyItsOwnFiles()
    {
        var wrong = RepositoryFiles.Projects
            .Where(p => RepositoryFiles.Project(p).Descendants("Compile").Any(c => c.Attribute("Include")?.Value.Contains("..", StringComparison.Ordinal) == true));

        Assert.Empty(wrong);
    }

    /// <summary>Of the folders beside each other, at every depth. A folder's own files are its front (its registration, what its rooms share) and know them.</summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_KnowEachOtherInOneDirection(string project)
    {
        var arrows = CodeMap.Uses.Where(u => ProjectOf(u.From) == project && ProjectOf(u.To) == project)
            .Select(u => (Use: u, Folders: Parted(u)))
            .Where(a => a.Folders is not null)
            .ToLookup(a => a.Folders!.Value, a => $"{Path.GetFileName(a.Use.From)} uses {a.Use.Name}");
        var next = arrows.Select(a => a.Key).ToLookup(f => f.From, f => f.To);

        var circles = arrows.Where(a => Reachable(a.Key.To, next).Contains(a.Key.From)).Select(a => $"{a.Key.From} → {a.Key.To}: {string.Join(", ", a.Take(3))}").ToList();

        Assert.True(circles.Count == 0, string.Join('\n', circles.Order(StringComparer.Ordinal)));
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

    private static string ProjectOf(string file) => file.Split('/')[1];

    /// <summary>The two folders in which the ways to the files part, or <see langword="null"/> where one file stands above the other.</summary>
    private static (string From, string To)? Parted(CodeUse use)
    {
        var (from, to) = (use.From.Split('/'), use.To.Split('/'));
        var depth = from.Zip(to).TakeWhile(p => p.First == p.Second).Count() + 1;
        return depth < from.Length && depth < to.Length ? (string.Join('/', from[..depth]), string.Join('/', to[..depth])) : null;
    }

    private static HashSet<string> Reachable(string start, ILookup<string, string> next)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Stack<string>([start]);
        while (waiting.TryPop(out var folder))
        {
            if (seen.Add(folder))
            {
                foreach (var further in next[folder])
                {
                    waiting.Push(further);
                }
            }
        }

        return seen;
    }

    [GeneratedRegex(@"\bMlopsGrains\.(?:Grains\.|Algorithms\.|Gateway\.)?(?<domain>Governance|Data|Experiments|Models|Deployments|Monitoring|Pipelines|Llm|Agents)\b")]
    private static partial Regex DomainUse();

    [GeneratedRegex(@"\b(experiment|pipeline|deployment|registered model|monitor rule|dataset)s?\b", RegexOptions.IgnoreCase)]
    private static partial Regex DomainWord();
}
