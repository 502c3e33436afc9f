using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>A Node.js program of these tests, with the packages that its lock file names.</summary>
internal static class NodePackage
{
    /// <param name="folder">Beside the tests.</param>
    public static async Task<TempDirectory> InstallAsync(string folder)
    {
        var directory = new TempDirectory();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "tests", "MlopsGrains.EndToEnd", folder)))
        {
            File.Copy(file, directory.File(Path.GetFileName(file)));
        }

        await ToolRun.SucceedAsync(directory.Path, ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        return directory;
    }
}
