using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Experiments;

/// <summary>What is done with the files of a run and of a logged model alike.</summary>
internal static class ArtifactFiles
{
    public static Argument<string?> PathArgument() => new("path") { Description = "A file or directory in it; everything when left out.", Arity = ArgumentArity.ZeroOrOne };

    public static Option<string?> ToOption() => new("--to") { Description = "Where it goes: a folder, or for one file its name; the current folder when left out.", HelpName = "path" };

    public static async Task<int> ListAsync(CommandCall call, ArtifactTree tree, string? path, bool recursive)
    {
        var entries = recursive ? await tree.FilesAsync(Given(path), call.Cancel).ToListAsync(call.Cancel) : await tree.ListAsync(Given(path), call.Cancel);
        return call.List(entries, "No files.",
            ("PATH", e => e.Bytes is null ? e.Path + "/" : e.Path),
            ("BYTES", e => e.Bytes is { } bytes ? ValueText.Whole(bytes) : null));
    }

    /// <summary>One file to a file, all else below a folder.</summary>
    public static async Task<int> DownloadAsync(CommandCall call, ArtifactTree tree, string? path, string? to)
    {
        path = Given(path);
        var saved = new List<TreeEntry>();
        if (path is not null && await FileAsync(call, tree, path) is { } one)
        {
            var file = Download.FileAt(to, Path.GetFileName(path));
            saved.Add(new TreeEntry(file, await Download.SaveAsync(call, () => tree.OpenAsync(path, call.Cancel), file, one.Bytes)));
        }
        else
        {
            var (folder, skip) = (to ?? ".", path is null ? 0 : path.LastIndexOf('/') + 1);
            await foreach (var entry in tree.FilesAsync(path, call.Cancel))
            {
                var file = Download.Below(folder, entry.Path[skip..]);
                saved.Add(new TreeEntry(Path.GetRelativePath(".", file), await Download.SaveAsync(call, () => tree.OpenAsync(entry.Path, call.Cancel), file, entry.Bytes)));
            }

            if (saved.Count == 0)
            {
                throw new MlopsException(ErrorKind.NotFound, path is null ? "there are no files." : $"there is nothing at '{path}'.", "path");
            }
        }

        return call.Done(saved, $"{saved.Count} file{(saved.Count == 1 ? "" : "s")}, {saved.Sum(s => s.Bytes)} bytes: {(saved.Count == 1 ? saved[0].Path : to ?? ".")}");
    }

    private static async Task<TreeEntry?> FileAsync(CommandCall call, ArtifactTree tree, string path)
    {
        var slash = path.LastIndexOf('/');
        var siblings = await tree.ListAsync(slash < 0 ? null : path[..slash], call.Cancel);
        return siblings.FirstOrDefault(e => e.Path == path && e.Bytes is not null);
    }

    private static string? Given(string? path) => path?.Trim('/') is { Length: > 0 } given ? given : null;
}
