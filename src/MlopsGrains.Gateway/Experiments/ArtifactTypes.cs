namespace MlopsGrains.Gateway.Experiments;

/// <summary>How an artifact is shown in a browser: what is text as plain text, so that nothing uploaded is ever executed by one, and all else as bytes to save.</summary>
internal static class ArtifactTypes
{
    public const string Bytes = "application/octet-stream";

    private static readonly HashSet<string> TextExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".txt", ".log", ".err", ".cfg", ".conf", ".cnf", ".cf", ".ini", ".properties", ".prop", ".hocon", ".toml", ".yaml", ".yml", ".xml", ".json", ".js", ".py", ".py3",
        ".csv", ".tsv", ".md", ".rst", ".mlmodel", ".mlproject", ".cs", ".sql", ".sh", ".html", ".java", ".scala", ".r",
    };

    public static string Shown(string path) =>
        TextExtensions.Contains(Path.GetExtension(path)) || Path.GetFileName(path) is "MLmodel" or "MLproject" ? "text/plain" : Bytes;
}
