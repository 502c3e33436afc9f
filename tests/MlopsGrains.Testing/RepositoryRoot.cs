namespace MlopsGrains.Testing;

/// <summary>Where the solution lies, found upwards from the test's own program.</summary>
public static class RepositoryRoot
{
    public static string Path { get; } = Find(new DirectoryInfo(AppContext.BaseDirectory));

    /// <summary>The server as built in the same configuration as the caller.</summary>
    public static string ServerProgram { get; } = System.IO.Path.Combine(
        Path, "src", "MlopsGrains.Server", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "MlopsGrains.Server.dll");

    private static string Find(DirectoryInfo? directory)
    {
        while (directory is not null && !File.Exists(System.IO.Path.Combine(directory.FullName, "MlopsGrains.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException($"No MlopsGrains.sln above {AppContext.BaseDirectory}: run the tests from a checkout.");
    }
}
