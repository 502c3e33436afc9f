using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Experiments;

internal static class ArtifactCommands
{
    public static Command Create(CommandSet set) => set.Group("artifacts", "Files of runs.", List(set), Get(set), Upload(set));

    private static Argument<string> RunArgument() => new("run-id") { Description = "The run; a unique beginning of its id is enough." };

    private static Command List(CommandSet set)
    {
        var (run, path) = (RunArgument(), ArtifactFiles.PathArgument());
        var recursive = new Option<bool>("--recursive", "-r") { Description = "All files below it." };
        return set.Leaf("list", "Lists files and directories of a run.", ["mlops artifacts list 0197f1c2a7b8", "mlops artifacts list 0197f1c2a7b8 model --recursive --json"], [run, path, recursive], async call =>
            await ArtifactFiles.ListAsync(call, ArtifactTree.OfRun(call.Client, await Ids.RunAsync(call, call.Get(run))), call.Get(path), call.Get(recursive)));
    }

    private static Command Get(CommandSet set)
    {
        var (run, path, to) = (RunArgument(), ArtifactFiles.PathArgument(), ArtifactFiles.ToOption());
        string[] examples = ["mlops artifacts download 0197f1c2a7b8 model/model.zip", "mlops artifacts download 0197f1c2a7b8 --to ./files"];
        return set.Leaf("download", "Saves a file, a directory or all files of a run.", examples, [run, path, to], async call =>
            await ArtifactFiles.DownloadAsync(call, ArtifactTree.OfRun(call.Client, await Ids.RunAsync(call, call.Get(run))), call.Get(path), call.Get(to)));
    }

    private static Command Upload(CommandSet set)
    {
        var run = RunArgument();
        var source = new Argument<FileSystemInfo>("source") { Description = "A file or a folder here." }.AcceptExistingOnly();
        var path = new Option<string?>("--path") { Description = "The directory in the run; its root when left out.", HelpName = "path" };
        string[] examples = ["mlops artifacts upload 0197f1c2a7b8 plot.png", "mlops artifacts upload 0197f1c2a7b8 ./plots --path figures"];
        return set.Leaf("upload", "Stores a file, or a folder with all below it, with a run.", examples, [run, source, path], async call =>
        {
            var runId = await Ids.RunAsync(call, call.Get(run));
            var saved = new List<TreeEntry>();
            foreach (var (file, name) in Files(call.Get(source)))
            {
                call.WhenStopped = $"stopped; {saved.Count} files are stored, {name} is not.";
                var target = call.Get(path)?.Trim('/') is { Length: > 0 } under ? $"{under}/{name}" : name;
                await using var content = file.OpenRead();
                await call.Client.Runs.UploadArtifactAsync(runId, target, content, call.Cancel);
                saved.Add(new TreeEntry(target, file.Length));
                if (!call.IsJson)
                {
                    call.Note($"{target}: {file.Length} bytes");
                }
            }

            return call.Done(saved, $"{saved.Count} file{(saved.Count == 1 ? "" : "s")}, {saved.Sum(s => s.Bytes)} bytes are stored with run {runId}.");
        });
    }

    private static IEnumerable<(FileInfo File, string Name)> Files(FileSystemInfo source)
    {
        if (source is not DirectoryInfo folder)
        {
            return [(new FileInfo(source.FullName), source.Name)];
        }

        var files = folder.EnumerateFiles("*", SearchOption.AllDirectories).OrderBy(f => f.FullName, StringComparer.Ordinal).ToList();
        return files.Count > 0
            ? files.Select(f => (f, $"{folder.Name}/{Path.GetRelativePath(folder.FullName, f.FullName).Replace('\\', '/')}"))
            : throw MlopsException.Invalid("source", $"{source} holds no files.");
    }
}
