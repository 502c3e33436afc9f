using System.Xml.Linq;
using MlopsGrains.Testing;

namespace MlopsGrains.Tidy;

/// <summary>The repository as files.</summary>
internal static class RepositoryFiles
{
    public static string Root => RepositoryRoot.Path;

    public static IEnumerable<string> Sources(string under) =>
        Directory.EnumerateFiles(Path.Combine(Root, under), "*.cs", SearchOption.AllDirectories)
            .Select(p => Path.GetRelativePath(Root, p).Replace('\\', '/'))
            .Where(p => !p.Contains("/obj/", StringComparison.Ordinal) && !p.Contains("/bin/", StringComparison.Ordinal));

    public static string Read(string relative) => File.ReadAllText(Path.Combine(Root, relative));

    public static IEnumerable<string> Projects =>
        Directory.GetDirectories(Path.Combine(Root, "src")).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal);

    public static XDocument Project(string project) => XDocument.Load(Path.Combine(Root, "src", project, project + ".csproj"));

    public static IReadOnlySet<string> ProjectReferences(string project) =>
        Project(project).Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')))
            .ToHashSet();
}
