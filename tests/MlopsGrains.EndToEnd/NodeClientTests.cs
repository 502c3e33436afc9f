using System.Diagnostics;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>An unmodified third-party MLflow client (npm package <c>mlflow</c>) trains against a live server.</summary>
public sealed class NodeClientTests
{
    [Fact]
    public async Task UnmodifiedNodeClient_TrainsLogsAndSearches()
    {
        using var directory = new TempDirectory();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "tests", "MlopsGrains.EndToEnd", "NodeClient")))
        {
            File.Copy(file, directory.File(Path.GetFileName(file)));
        }

        await RunAsync(directory.Path, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        using var data = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--data", data.Path]);

        var output = await RunAsync(directory.Path, "node", "training.js", server.Address.ToString().TrimEnd('/'), "node client");

        Assert.Matches("^ok [0-9a-f]{32}\n$", output);
    }

    private static async Task<string> RunAsync(string directory, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Start(start);
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}:{Environment.NewLine}{await output}{await errors}");
        return await output;
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException($"'{start.FileName}' cannot be started: this test needs Node.js with npm (Debian: apt-get install nodejs npm). {e.Message}", e);
        }
    }
}
