using System.Diagnostics;

namespace MlopsGrains.Testing;

/// <summary>A disk of its own of a few megabytes, in memory, mounted until dispose. Only root may mount.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly TempDirectory directory = new();

    public SmallDisk(int mebibytes) => Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", Path);

    public string Path => directory.Path;

    /// <summary>Takes all room that is left.</summary>
    /// <returns>Gives it back.</returns>
    public IDisposable Fill()
    {
        var path = System.IO.Path.Combine(Path, "filler");
        using var file = File.Create(path);
        try
        {
            while (true)
            {
                file.Write(new byte[4096]);
                file.Flush(flushToDisk: true);
            }
        }
        catch (IOException)
        {
            // That was the last page.
        }

        return new Filler(path);
    }

    public void Dispose()
    {
        Run("umount", "-l", Path);
        directory.Dispose();
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"A test of a full disk mounts a small one, which only root may do: {program} said {said}");
        }
    }

    private sealed class Filler(string path) : IDisposable
    {
        public void Dispose() => File.Delete(path);
    }
}
