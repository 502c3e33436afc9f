using System.Diagnostics;
using System.Globalization;
using MlopsGrains.Testing;

namespace MlopsGrains.Benchmarks;

/// <summary>The built server program as a process of its own, killed at dispose.</summary>
internal sealed class ServerUnderLoad : IAsyncDisposable
{
    private readonly Process process;

    private ServerUnderLoad(Process process, int port, TimeSpan startTime) => (this.process, Port, StartTime) = (process, port, startTime);

    public int Port { get; }

    /// <summary>From process start to the first 200 of <c>/health</c>.</summary>
    public TimeSpan StartTime { get; }

    public TimeSpan Processor
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public double ResidentMebibytes
    {
        get
        {
            var line = File.ReadLines($"/proc/{process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
        }
    }

    /// <summary>Grains that are active in the silo, from its own meter.</summary>
    public async Task<long> ActivationsAsync()
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync(new Uri($"http://127.0.0.1:{Port}/metrics"));
        return (long)text.Split('\n')
            .Where(l => l.StartsWith("orleans_catalog_activations", StringComparison.Ordinal) && l[27] is '{' or ' ')
            .Sum(l => double.Parse(l.Split(' ')[1], CultureInfo.InvariantCulture));
    }

    public static Task<ServerUnderLoad> StartAsync(params string[] arguments) => StartProgramAsync(RepositoryRoot.ServerProgram, arguments);

    public static Task<ServerUnderLoad> StartProgramAsync(string program, params string[] arguments) => StartProgramAsync(program, arguments, new Dictionary<string, string>());

    /// <param name="settings">Environment variables.</param>
    public static async Task<ServerUnderLoad> StartProgramAsync(string program, string[] arguments, IReadOnlyDictionary<string, string> settings)
    {
        var port = FreePort.Next();
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        foreach (var argument in (string[])[program, .. arguments, "--urls", $"http://127.0.0.1:{port}"])
        {
            start.ArgumentList.Add(argument);
        }

        var began = Stopwatch.GetTimestamp();
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(5) };
        await Eventually.Async(async () => process.HasExited || await IsHealthy(http), TimeSpan.FromSeconds(60));
        return process.HasExited
            ? throw new InvalidOperationException($"The server ended with {process.ExitCode}.")
            : new ServerUnderLoad(process, port, Stopwatch.GetElapsedTime(began));
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static async Task<bool> IsHealthy(HttpClient http)
    {
        try
        {
            using var response = await http.GetAsync(new Uri("/health", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
