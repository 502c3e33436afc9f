using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Shell;

/// <summary>Saves what the platform holds. A file is there whole or not at all: bytes go to a neighbour that is renamed at the end.</summary>
internal static class Download
{
    private const int BufferBytes = 128 * 1024;

    /// <param name="call">Whose progress is shown.</param>
    /// <param name="open">Opens the bytes.</param>
    /// <param name="path">Where to; folders on the way are made.</param>
    /// <param name="length">How many bytes are expected, for the progress.</param>
    /// <returns>Bytes written.</returns>
    public static Task<long> SaveAsync(CommandCall call, Func<Task<Stream>> open, string path, long? length) => call.ProgressAsync(async progress =>
    {
        call.WhenStopped = $"stopped; {path} was not written.";
        var target = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var part = $"{target}.{Environment.ProcessId}.part";
        try
        {
            long done = 0;
            await using (var from = await open())
            await using (var to = new FileStream(part, FileMode.Create, FileAccess.Write))
            {
                var buffer = new byte[BufferBytes];
                int read;
                while ((read = await from.ReadAsync(buffer, call.Cancel)) > 0)
                {
                    await to.WriteAsync(buffer.AsMemory(0, read), call.Cancel);
                    done += read;
                    progress(path, length is > 0 ? Math.Min((double)done / length.Value, 0.999) : 0);
                }
            }

            File.Move(part, target, overwrite: true);
            progress($"{path}: {done} bytes", 1);
            return done;
        }
        finally
        {
            File.Delete(part);
        }
    });

    /// <summary>Where a file of the platform goes below a folder here; its name never leads out of it.</summary>
    public static string Below(string folder, string path)
    {
        var target = Path.GetFullPath(Path.Combine(folder, ArtifactPath.CheckRelative("path", path)));
        return target.StartsWith(Path.GetFullPath(folder).TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? target
            : throw MlopsException.Invalid("path", $"'{path}' leads out of {folder}.");
    }

    /// <summary>The option of where a file goes: a file, or a folder that is there.</summary>
    public static string FileAt(string? to, string name) => to is null ? name : Directory.Exists(to) ? Path.Combine(to, name) : to;
}
