using System.Globalization;

namespace MlopsGrains.EndToEnd;

/// <summary>The time of day that a process is told, by libfaketime; what it measures by the monotonic clock stays true.</summary>
internal sealed class SettableClock
{
    private readonly string file;

    public SettableClock(string file)
    {
        this.file = file;
        Set(TimeSpan.Zero);
        Environment = new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = Library(),
            ["FAKETIME_TIMESTAMP_FILE"] = file,
            ["FAKETIME_NO_CACHE"] = "1",
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
            ["DONT_FAKE_MONOTONIC"] = "1",
        };
    }

    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>From now on, by how much the clock is wrong.</summary>
    public void Set(TimeSpan offset)
    {
        File.WriteAllText(file + ".next", string.Create(CultureInfo.InvariantCulture, $"{offset.TotalSeconds:+0;-0;+0}\n"));
        File.Move(file + ".next", file, overwrite: true);
    }

    private static string Library() =>
        Directory.Exists("/usr/lib") && Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).FirstOrDefault() is { } found
            ? found
            : throw new InvalidOperationException("libfaketime is not installed, without which the clock cannot be set. On Debian: apt-get install libfaketime.");
}
