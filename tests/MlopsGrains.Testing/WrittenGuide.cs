namespace MlopsGrains.Testing;

/// <summary>Parts of the guides in <c>docs</c> that are made from the code: a test holds each to what the code says, and writes it with <c>MLOPS_WRITE_DOCS=1</c> in the environment.</summary>
public static class WrittenGuide
{
    /// <summary>What stands between two marks, or after the first when the other is empty.</summary>
    public static string Part(string guide, string begin, string end, string expected)
    {
        var path = Path.Combine(RepositoryRoot.Path, "docs", guide);
        var text = File.ReadAllText(path).ReplaceLineEndings("\n");
        var from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var to = end.Length == 0 ? text.Length : text.IndexOf(end, StringComparison.Ordinal);
        if (from < begin.Length || to < from)
        {
            throw new InvalidOperationException($"docs/{guide} has no '{begin.Trim()}' … '{end}'.");
        }

        if (Environment.GetEnvironmentVariable("MLOPS_WRITE_DOCS") != "1")
        {
            return text[from..to];
        }

        File.WriteAllText(path, text[..from] + expected + text[to..]);
        return expected;
    }
}
