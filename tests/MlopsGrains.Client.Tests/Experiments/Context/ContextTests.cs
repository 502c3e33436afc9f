using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using MlopsGrains.Client.Experiments.Context;
using MlopsGrains.Testing;

namespace MlopsGrains.Client.Tests.Experiments.Context;

public sealed class ContextTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("train.dll --epochs 3 --lr=0.1", "train.dll --epochs 3 --lr=0.1")]
    [InlineData("t --password hunter2 --epochs 3", "t --password *** --epochs 3")]
    [InlineData("t --api-key=abc --token abc -v", "t --api-key=*** --token *** -v")]
    [InlineData("t --db Server=x;Password=abc;Port=1", "t --db Server=x;Password=***;Port=1")]
    [InlineData("t --url https://me:secret@host/path", "t --url https://host/path")]
    [InlineData("t --verbose ghp_0123456789012345678901234567890123ab", "t --verbose ***")]
    [InlineData("t AWS_SECRET_ACCESS_KEY=abc", "t AWS_SECRET_ACCESS_KEY=***")]
    [InlineData("t --token --next value", "t --token --next value")]
    [InlineData("t --tokens-per-batch 512 --keyboard us", "t --tokens-per-batch *** --keyboard us")]
    public void CommandLine_HidesWhatLooksLikeASecret(string line, string shown) => Assert.Equal(shown, CommandLineSecrets.Mask(line.Split(' ')));

    [Fact]
    public async Task Git_SaysCommitBranchAndRemote_WithoutCredentials_AndTheDirtyDiff()
    {
        using var directory = new TempDirectory();
        await GitAsync("init", "-q", "-b", "research");
        await File.WriteAllTextAsync(directory.File("a.txt"), "one\n", Cancel);
        await GitAsync("add", ".");
        await GitAsync("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "first");
        await GitAsync("remote", "add", "origin", "https://me:secret@example.org/churn.git");
        await File.WriteAllTextAsync(directory.File("a.txt"), "two\n", Cancel);
        var context = new ProgramContext(directory.Path);

        var tags = (await context.TagsAsync(RunContext.All, Cancel)).ToDictionary(t => t.Key, t => t.Value);
        var files = await context.FilesAsync(RunContext.All, Cancel).ToDictionaryAsync(f => f.Path, f => Encoding.UTF8.GetString(f.Content), cancellationToken: Cancel);

        Assert.Matches("^[0-9a-f]{40}$", tags["mlflow.source.git.commit"]);
        Assert.Equal("research", tags["mlflow.source.git.branch"]);
        Assert.Equal("https://example.org/churn.git", tags["mlflow.source.git.repoURL"]);
        Assert.Equal(Environment.MachineName, tags["mlops.machine"]);
        Assert.Contains("+two", files["context/git.diff"], StringComparison.Ordinal);
        Assert.Contains("\"CsCheck\":", files["context/packages.json"], StringComparison.Ordinal);

        async Task GitAsync(params string[] arguments)
        {
            using var git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = directory.Path })!;
            await git.WaitForExitAsync(Cancel);
            Assert.Equal(0, git.ExitCode);
        }
    }

    [Fact]
    public async Task NoRepository_AndNothingWanted_SayNothing()
    {
        using var directory = new TempDirectory();
        var context = new ProgramContext(directory.Path);

        Assert.Empty(await context.TagsAsync(RunContext.Git, Cancel));
        Assert.Empty(await context.TagsAsync(RunContext.None, Cancel));
        Assert.Empty(await context.FilesAsync(RunContext.GitDiff, Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task LongDiff_IsCut()
    {
        var answer = await ToolProcess.ReadAsync("git", ["--version"], null, 3, TimeSpan.FromSeconds(20), Cancel);

        Assert.Equal(("git", true), answer);
    }

    [Fact]
    public async Task MissingProgram_AndFailingOne_SayNothing()
    {
        Assert.Null(await ToolProcess.ReadAsync("no-such-program-here", [], null, 100, TimeSpan.FromSeconds(20), Cancel));
        Assert.Null(await ToolProcess.ReadAsync("git", ["no-such-command"], null, 100, TimeSpan.FromSeconds(20), Cancel));
    }

    [Fact]
    public async Task SystemMetrics_AreLoggedWhileTheRunGoesOn()
    {
        var server = new RunServer([]);
        using var client = server.Connect(TimeProvider.System, t => (t.SystemMetricsInterval, t.BatchAgeMax) = (TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(50)));
        await using (await client.StartRunAsync("churn", cancellationToken: Cancel))
        {
            await Eventually.Async(() => server.Read(() => server.Keys.Count(k => k == "system/process_memory_megabytes")) >= 2, cancellationToken: Cancel);
        }

        Assert.All(
            ["system/process_cpu_cores", "system/gc_heap_megabytes", "system/disk_usage_percentage", "system/network_receive_megabytes", "system/system_memory_usage_percentage"],
            key => Assert.Contains(key, server.Keys));
    }

    [Fact]
    public async Task Scope_AndTrace_NameTheRun()
    {
        var server = new RunServer([]);
        using var client = server.Connect();
        using var activity = new Activity("training").Start();
        await using var run = await client.StartRunAsync("churn", cancellationToken: Cancel);
        var scopes = new Scopes();

        using (run.BeginScope(scopes))
        {
        }

        Assert.Contains(server.Gateway.Requests, r => r.Body.Contains($$"""{"key":"mlops.traceId","value":"{{activity.TraceId}}"}""", StringComparison.Ordinal));
        Assert.Equal(run.RunId, Assert.IsType<Dictionary<string, object>>(Assert.Single(scopes.Begun))["RunId"]);
    }

    private sealed class Scopes : ILogger
    {
        public List<object> Begun { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull
        {
            Begun.Add(state);
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => false;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }
    }
}
