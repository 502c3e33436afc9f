using System.Diagnostics;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>The server program of an earlier commit, built from this clone's history once and kept by the commit's id in <c>artifacts</c>.</summary>
internal static class OlderServer
{
    /// <returns>Its path.</returns>
    public static async Task<string> BuiltAsync(string commit)
    {
        if (!Path.Exists(Path.Combine(RepositoryRoot.Path, ".git")))
        {
            Assert.Skip("A rolling upgrade is tried with an older program, which is built from the history of a git clone; this is none.");
        }

        var kept = Path.Combine(RepositoryRoot.Path, "artifacts", "older", commit);
        var program = Path.Combine(kept, "src", "MlopsGrains.Server", "bin", "Debug", "net10.0", "MlopsGrains.Server.dll");
        if (File.Exists(program))
        {
            return program;
        }

        // What is built under another name is taken whole or not at all.
        var building = $"{kept}.{Environment.ProcessId}";
        Directory.CreateDirectory(building);
        var archive = Path.Combine(building, "source.tar");
        await RunAsync(
            RepositoryRoot.Path,
            $"The older program is built from commit {commit}, which this clone does not have. With a shallow clone: git fetch --unshallow.",
            ["git", "archive", "--output", archive, commit, "src", "Directory.Build.props", "Directory.Packages.props", "global.json"]);
        await RunAsync(building, "", ["tar", "-xf", archive]);
        File.Delete(archive);
        await RunAsync(building, "", ["dotnet", "build", "src/MlopsGrains.Server", "-c", "Debug", "-m:1", "-v", "q", "-nologo", "-nodeReuse:false", "-p:RunAnalyzers=false", "-p:EnforceCodeStyleInBuild=false"]);
        Directory.Move(building, kept);
        return program;
    }

    private static async Task RunAsync(string folder, string without, string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{without} {string.Join(' ', command)} said: {string.Concat(said)}");
    }
}
