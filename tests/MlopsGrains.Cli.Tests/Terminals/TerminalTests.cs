using System.Text.RegularExpressions;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Cli.Tests.Experiments;
using MlopsGrains.Client;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests.Terminals;

/// <summary>What a person sees: the real executable in a real pseudo-terminal.</summary>
public sealed partial class TerminalTests(ServerFixture server) : IDisposable
{
    private readonly TempDirectory directory = new();
    private readonly string name = $"terminal-{Guid.NewGuid():N}";
    private readonly MlopsGrainsClient client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = server.BaseAddress, Tracking = new() { Context = RunContext.None } });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        client.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task Export_Works()
    {
        await LogRunAsync("one");

        var (code, screen) = await RunAsync("export", "--parquet", directory.Path, "-e", name);

        Assert.Equal(0, code);
        Assert.Contains("1 runs in", screen, StringComparison.Ordinal);
        Assert.True(File.Exists(directory.File("points.parquet")));
    }

    [Fact]
    public async Task Import_Works()
    {
        using var store = new FileStore();
        store.Experiment("1", name);
        store.Run("1", "a1", "imported");
        store.Metric("1", "a1", "loss", "1700000001000 0.5 0");

        var (code, screen) = await RunAsync("import", "mlflow", "--dir", store.Path);

        Assert.Equal(0, code);
        Assert.Matches(@"runs imported +1\b", Plain(screen));
    }

    [Fact]
    public async Task Table_FitsTheTerminal()
    {
        await LogRunAsync(new string('n', 60));

        var (code, screen) = await RunAsync("runs", "list", "-e", name);

        Assert.Equal(0, code);
        Assert.Contains("\u001b[1m", screen, StringComparison.Ordinal);
        Assert.All(Plain(screen).Split('\n'), line => Assert.True(line.TrimEnd('\r').Length <= Terminal.Columns, line));
        Assert.Contains("Left out: ", screen, StringComparison.Ordinal);
        Assert.Matches(@"[0-9a-f]{12}…", screen);
    }

    [Fact]
    public async Task CtrlC_SaysOnce_ThatThePipelineRunGoesOn()
    {
        await using var platform = new HttpReceiver
        {
            Body = """{"pipelineRunId":"p1","pipeline":"churn","definitionVersion":1,"definitionDigest":"d","status":"running","cause":"manual","params":{},"steps":[],"startedAt":"2026-01-01T00:00:00Z"}""",
        };
        using var terminal = Terminal.Start([], "pipelines", "run", "churn", "--wait", "--server", platform.Address.AbsoluteUri);
        await terminal.WaitForAsync("pipeline run p1 started");
        await Eventually.Async(() => platform.All.Count >= 2, cancellationToken: Cancel);
        terminal.Type("\u0003");

        var (code, screen) = await terminal.EndAsync();

        Assert.Equal(ExitCode.Cancelled, code);
        Assert.Contains("pipeline run p1 goes on on the server. Cancel it with: mlops pipelines cancel p1", screen.ReplaceLineEndings(""), StringComparison.Ordinal);
        Assert.Single(MlopsSays().Matches(Plain(screen)));
    }

    [Theory]
    [InlineData("n\n", 2, true)]
    [InlineData("y\n", 0, false)]
    [InlineData("\u0003", 130, true)]
    public async Task Question_IsAnswered(string keys, int expected, bool stays)
    {
        await client.Models.CreateAsync(name, cancellationToken: Cancel);
        using var terminal = Terminal.Start([], "models", "delete", name, "--server", server.BaseAddress.AbsoluteUri);
        await terminal.WaitForAsync("Go on? [y/N]");
        terminal.Type(keys);

        var (code, _) = await terminal.EndAsync();

        Assert.Equal(expected, code);
        Assert.Equal(stays, await client.Models.ListAsync(Cancel).AnyAsync(m => m.Name == name, Cancel));
    }

    private async Task LogRunAsync(string run)
    {
        await using var active = await client.StartRunAsync(name, new RunOptions { Name = run }, Cancel);
        active.LogMetric("validation/area_under_the_curve", 0.987654321);
        active.LogMetric("validation/log_loss", 0.123456789);
        active.LogParam("trainer", "fast-tree-with-a-long-name");
    }

    private async Task<(int Code, string Screen)> RunAsync(params string[] args)
    {
        using var terminal = Terminal.Start([], [.. args, "--server", server.BaseAddress.AbsoluteUri]);
        return await terminal.EndAsync();
    }

    private static string Plain(string screen) => Sequence().Replace(screen, "");

    [GeneratedRegex(@"\u001b\[[0-9;?]*[A-Za-z]|\u001b[=>]")]
    private static partial Regex Sequence();

    [GeneratedRegex("mlops:")]
    private static partial Regex MlopsSays();
}
