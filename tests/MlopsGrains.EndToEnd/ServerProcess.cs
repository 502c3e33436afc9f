using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>The server program as a process of its own, killed at dispose.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly ConcurrentQueue<string> output = new();

    private ServerProcess(Process process, Uri address)
    {
        this.process = process;
        Address = address;
        process.OutputDataReceived += (_, e) => Keep(e.Data);
        process.ErrorDataReceived += (_, e) => Keep(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Address { get; }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>Orleans' port between silos, where one was given.</summary>
    public int SiloPort => process.StartInfo.ArgumentList.IndexOf("--silo-port") is >= 0 and var at ? int.Parse(process.StartInfo.ArgumentList[at + 1], CultureInfo.InvariantCulture) : 0;

    public string Output => string.Join(Environment.NewLine, output);

    /// <summary>TCP ports that the process listens on, from Linux' own tables.</summary>
    public IReadOnlySet<int> ListeningPorts()
    {
        const int InodeColumn = 9;
        const string Listening = "0A";
        var sockets = Directory.GetFiles($"/proc/{process.Id}/fd").Select(fd => new FileInfo(fd).LinkTarget).ToHashSet();
        return new[] { "tcp", "tcp6" }
            .SelectMany(table => File.ReadLines($"/proc/{process.Id}/net/{table}").Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => columns[3] == Listening && sockets.Contains($"socket:[{columns[InodeColumn]}]"))
            .Select(columns => Convert.ToInt32(columns[1].Split(':')[1], 16))
            .ToHashSet();
    }

    /// <summary>Starts the built program, or another one, and waits until <c>/health</c> answers 200.</summary>
    public static Task<ServerProcess> StartAsync(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null, int? port = null, string address = "http://127.0.0.1", string? program = null)
    {
        var url = $"{address}:{port ?? FreePort.Next()}";
        return StartAsync(Command([program ?? RepositoryRoot.ServerProgram, .. arguments, "--urls", url], environment), url);
    }

    /// <summary>The same by <c>dotnet run</c>, as somebody in <paramref name="folder"/> would.</summary>
    public static Task<ServerProcess> RunFromAsync(string folder, IReadOnlyList<string> arguments)
    {
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        var project = Path.Combine(RepositoryRoot.Path, "src", "MlopsGrains.Server");
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var start = Command(["run", "--no-build", "--configuration", configuration, "--project", project, "--", .. arguments, "--urls", url], null);
        start.WorkingDirectory = folder;
        return StartAsync(start, url);
    }

    /// <summary>Runs the built program until it ends by itself, and answers its exit code and all that it said.</summary>
    public static async Task<(int ExitCode, string Output)> EndAsync(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = Command([RepositoryRoot.ServerProgram, .. arguments], environment);
        await using var server = new ServerProcess(Process.Start(start)!, new Uri("http://127.0.0.1"));
        await server.process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60));
        return (server.process.ExitCode, server.Output);
    }

    /// <summary>A process of a test lives for seconds: what the runtime would compile again for speed is hardly ever used, and costs a third of its time.</summary>
    public static void LiveShortly(ProcessStartInfo start)
    {
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TC_CallCountingDelayMs"] = "5000";
    }

    private static ProcessStartInfo Command(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        LiveShortly(start);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private static async Task<ServerProcess> StartAsync(ProcessStartInfo start, string url)
    {
        var server = new ServerProcess(Process.Start(start)!, new Uri(url));
        using var http = new HttpClient { BaseAddress = server.Address, Timeout = TimeSpan.FromSeconds(5) };
        await Eventually.Async(async () => server.process.HasExited || await IsHealthy(http), TimeSpan.FromMinutes(2));
        return server.process.HasExited
            ? throw new InvalidOperationException($"The server ended with {server.process.ExitCode}:{Environment.NewLine}{server.Output}")
            : server;
    }

    /// <summary>SIGKILL: nothing is flushed, nothing is said.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and the exit code.</summary>
    public Task<int> StopAsync()
    {
        Signal("TERM");
        return ExitAsync();
    }

    /// <summary>SIGSTOP: the process does not run, and nobody is told.</summary>
    public void Freeze() => Signal("STOP");

    /// <summary>SIGCONT.</summary>
    public void Thaw() => Signal("CONT");

    /// <summary>Waits for the end of the process, and answers its exit code.</summary>
    public async Task<int> ExitAsync()
    {
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60));
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
        }

        process.Dispose();
    }

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private static async Task<bool> IsHealthy(HttpClient http)
    {
        try
        {
            using var response = await http.GetAsync(new Uri("/health", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        output.Enqueue(line);
        while (output.Count > 2000)
        {
            output.TryDequeue(out _);
        }
    }
}
