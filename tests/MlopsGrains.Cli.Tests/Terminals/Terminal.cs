using System.Diagnostics;
using System.Text;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests.Terminals;

/// <summary>The real <c>mlops</c> in a pseudo-terminal of 80 columns, made by <c>script</c> of util-linux.</summary>
internal sealed class Terminal : IDisposable
{
    public const int Columns = 80;

    private readonly Process process;
    private readonly StringBuilder screen = new();
    private readonly Task reading;

    private Terminal(Process process)
    {
        this.process = process;
        reading = ReadAsync();
    }

    public static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "mlops.exe" : "mlops");

    private string Screen
    {
        get
        {
            lock (screen)
            {
                return screen.ToString();
            }
        }
    }

    public static Terminal Start(Dictionary<string, string> variables, params string[] args)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "there is no pseudo-terminal: /usr/bin/script of util-linux (Debian: bsdutils) is missing.");
        var command = string.Join(' ', args.Prepend(Executable).Select(a => $"'{a.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
        var start = new ProcessStartInfo("/usr/bin/script", ["-qefc", $"stty cols {Columns} rows 40; exec {command}", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var name in (string[])["NO_COLOR", "MLOPS_SERVER", "MLOPS_API_KEY", "MLOPS_PROFILE", "MLFLOW_TRACKING_URI"])
        {
            start.Environment.Remove(name);
        }

        start.Environment["TERM"] = "xterm-256color";
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return new Terminal(Process.Start(start)!);
    }

    public void Type(string keys)
    {
        process.StandardInput.Write(keys);
        process.StandardInput.Flush();
    }

    public Task WaitForAsync(string text) => Eventually.Async(() => Screen.Contains(text, StringComparison.Ordinal), cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>The exit code and all that was ever on the screen.</summary>
    public async Task<(int Code, string Screen)> EndAsync()
    {
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Eventually.DefaultDeadline, TestContext.Current.CancellationToken);
        await reading;
        return (process.ExitCode, Screen);
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new char[4096];
        int read;
        while ((read = await process.StandardOutput.ReadAsync(buffer)) > 0)
        {
            lock (screen)
            {
                screen.Append(buffer, 0, read);
            }
        }
    }
}
