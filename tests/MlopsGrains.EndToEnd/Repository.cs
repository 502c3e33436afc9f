using System.Runtime.CompilerServices;

namespace MlopsGrains.EndToEnd;

/// <summary>Where things are, found from this source file's own place.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));

    /// <summary>The server as built in the same configuration as this test.</summary>
    public static string ServerProgram { get; } = Path.Combine(
        Root, "src", "MlopsGrains.Server", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "MlopsGrains.Server.dll");

    private static string Here([CallerFilePath] string path = "") => path;
}
