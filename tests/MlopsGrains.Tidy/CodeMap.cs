using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace MlopsGrains.Tidy;

/// <summary>
/// Which source file names a type or an extension method of which other. Read from the syntax, for binding all code takes half a minute:
/// a name means the type that is called so in the nearest namespace which the file sees.
/// </summary>
internal static class CodeMap
{
    private static readonly Lazy<IReadOnlyList<CodeUse>> LazyUses = new(Read);

    public static IReadOnlyList<CodeUse> Uses => LazyUses.Value;

    private static List<CodeUse> Read()
    {
        var files = RepositoryFiles.Sources("src").AsParallel()
            .Select(f => new CodeFile(f, CSharpSyntaxTree.ParseText(RepositoryFiles.Read(f)).GetCompilationUnitRoot()))
            .ToList();
        var places = files.SelectMany(f => f.Declared.Select(name => (Name: name, File: f))).ToLookup(d => d.Name, d => d.File);
        return [.. files.AsParallel().SelectMany(f => f.Uses(places)).Distinct()];
    }

    private sealed class CodeFile
    {
        private readonly string path;
        private readonly CompilationUnitSyntax root;
        private readonly string name;
        private readonly List<string> usings;

        public CodeFile(string path, CompilationUnitSyntax root)
        {
            this.path = path;
            this.root = root;
            name = root.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>().FirstOrDefault()?.Name.ToString() ?? "";
            usings = [.. root.Usings.Where(u => u.StaticKeyword == default && u.Alias is null).Select(u => u.NamespaceOrType.ToString())];
        }

        /// <summary>Types, and extension methods with a point before their name.</summary>
        public IEnumerable<string> Declared => Types.Select(t => t.Identifier.Text).Concat(
            Types.OfType<ClassDeclarationSyntax>().SelectMany(t => t.Members.OfType<MethodDeclarationSyntax>())
                .Where(m => m.ParameterList.Parameters is [var first, ..] && first.Modifiers.Any(m => m.IsKind(SyntaxKind.ThisKeyword)))
                .Select(m => "." + m.Identifier.Text));

        private IEnumerable<BaseTypeDeclarationSyntax> Types =>
            root.DescendantNodes(n => n is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax).OfType<BaseTypeDeclarationSyntax>();

        public IEnumerable<CodeUse> Uses(ILookup<string, CodeFile> places) =>
            from use in root.DescendantNodes().OfType<SimpleNameSyntax>()
            let file = Find(use, places)
            where file is not null && file != this
            select new CodeUse(path, file.path, use.Identifier.Text);

        private CodeFile? Find(SimpleNameSyntax use, ILookup<string, CodeFile> places) => use.Parent switch
        {
            NameColonSyntax or NameEqualsSyntax => null,
            AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax } set when set.Left == use => null,
            MemberBindingExpressionSyntax => Nearest(places["." + use.Identifier.Text]),
            MemberAccessExpressionSyntax access when access.Name == use =>
                In(access.Expression.ToString(), places[use.Identifier.Text]) ?? Nearest(places["." + use.Identifier.Text]),
            QualifiedNameSyntax qualified when qualified.Right == use => In(qualified.Left.ToString(), places[use.Identifier.Text]),
            _ => Nearest(places[use.Identifier.Text]),
        };

        private static CodeFile? In(string space, IEnumerable<CodeFile> files) =>
            files.FirstOrDefault(f => f.name == space || f.name.EndsWith("." + space, StringComparison.Ordinal));

        private CodeFile? Nearest(IEnumerable<CodeFile> files) =>
            files.Where(f => $"{name}.".StartsWith($"{f.name}.", StringComparison.Ordinal)).MaxBy(f => f.name.Length) ?? files.FirstOrDefault(f => usings.Contains(f.name));
    }
}

/// <param name="From">File that names.</param>
/// <param name="To">File in which the named type stands.</param>
/// <param name="Name">Of the type or extension method.</param>
internal sealed record CodeUse(string From, string To, string Name);
