using System.Diagnostics;

namespace MlopsGrains.EndToEnd;

/// <summary>A program that is run to its end.</summary>
/// <param name="ExitCode">How it ended.</param>
/// <param name="Output">What it said on both streams, standard output first.</param>
internal sealed record ToolRun(int ExitCode, string Output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Runs it and answers what it said; it must end well.</summary>
    public static async Task<string> SucceedAsync(string directory, IReadOnlyList<string> command, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var run = await RunAsync(directory, command, environment);
        Assert.True(run.ExitCode == 0, $"{string.Join(' ', command)} ended with {run.ExitCode}:{Environment.NewLine}{run.Output}");
        return run.Output;
    }

    public static async Task<ToolRun> RunAsync(string directory, IReadOnlyList<string> command, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true };
        ServerProcess.LiveShortly(start);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        using var process = Start(start);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
            return new ToolRun(process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException($"'{start.FileName}' cannot be started; CONTRIBUTING.md says what the tests need. {e.Message}", e);
        }
    }
}
