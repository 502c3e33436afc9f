using Microsoft.AspNetCore.StaticFiles;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>
/// The content type of an artifact by its name, as MLflow has it: what is text as plain text, so that nothing uploaded is ever executed by a browser, and all else by
/// its extension. Every artifact is sent to be saved.
/// </summary>
internal static class ArtifactTypes
{
    private const string Bytes = "application/octet-stream";
    private const string Text = "text/plain";

    private static readonly HashSet<string> TextExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        "txt", "log", "err", "cfg", "conf", "cnf", "cf", "ini", "properties", "prop", "hocon", "toml", "yaml", "yml", "xml", "json", "js", "py", "py3", "csv", "tsv", "md",
        "rst", "MLmodel", "MLproject", "cs", "sql", "sh", "html", "htm", "xhtml", "svg", "java", "scala", "r",
    };

    private static readonly FileExtensionContentTypeProvider Types = new();

    public static string Of(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        var extension = Path.GetExtension(name);
        return TextExtensions.Contains(extension.Length > 1 ? extension[1..] : name) ? Text
            : Types.TryGetContentType(name, out var type) ? type
            : Bytes;
    }
}
