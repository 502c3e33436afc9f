using System.CommandLine;
using System.Globalization;

namespace MlopsGrains.Cli.Shell;

/// <summary>What may come next on a command line, for the scripts of <see cref="CompletionScripts"/>: <c>mlops [suggest:POSITION] LINE</c>.</summary>
internal static class Suggestions
{
    private const string Head = "[suggest:";

    /// <summary>The line and the place of its cursor, where the arguments are such a question.</summary>
    public static (string Line, int Position)? Asked(IReadOnlyList<string> args) =>
        args is [var directive, var line]
        && directive.StartsWith(Head, StringComparison.Ordinal)
        && int.TryParse(directive.AsSpan(Head.Length).TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? (line, Math.Min(position, line.Length))
            : null;

    /// <summary>Commands and values first; options where one is begun, or where nothing else may come.</summary>
    public static IReadOnlyList<string> Of(RootCommand root, string line, int position)
    {
        var program = line.IndexOf(' ', StringComparison.Ordinal) + 1; // The program's own name or path is not a part of what it is told.
        if (program == 0 || position < program)
        {
            return [];
        }

        var (text, at) = (line[program..], position - program);
        var word = text[..at].Split(' ')[^1];
        var all = root.Parse(text).GetCompletions(at)
            .Select(c => c.InsertText ?? c.Label)
            .Where(c => c.StartsWith(word, StringComparison.OrdinalIgnoreCase) && !c.StartsWith('/') && c is not ("-?" or "-h"))
            .Distinct()
            .ToList();
        var others = all.Where(c => !c.StartsWith('-')).ToList();
        return word.StartsWith('-') || others.Count == 0 ? all : others;
    }
}
