using System.CommandLine;
using System.Diagnostics;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Cli.Tests.Terminals;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests;

public sealed class CompletionTests
{
    private static readonly RootCommand Root = MlopsCommand.Create(new CliEnvironment(TextWriter.Null, TextWriter.Null, false, _ => null, _ => throw new InvalidOperationException()));

    [Theory]
    [InlineData("mlops pipel|", "pipelines")]
    [InlineData("/usr/local/bin/mlops mon|", "monitors")]
    [InlineData("mlops completion |", "bash,fish,powershell,zsh")]
    [InlineData("mlops runs search --view |", "ActiveOnly,All,DeletedOnly")]
    [InlineData("mlops pipelines run churn --wai|", "--wait")]
    [InlineData("mlops models ali| set", "aliases")]
    [InlineData("mlops pipeline |", "cancel,get,list,logs,register,run,runs,status,validate,versions,watch")]
    [InlineData("mlops monitors |", "alerts,back-test,configure,counts,status,windows")]
    [InlineData("mlops alerts |", "ack,comment,list,silence")]
    [InlineData("mlops deployments |", "deploy,get,lineage,list,metrics,rollback,traffic")]
    [InlineData("mlops|", "")]
    public void Suggestions_AreWhatMayComeNext(string line, string expected)
    {
        var cursor = line.IndexOf('|', StringComparison.Ordinal);

        Assert.Equal(expected, string.Join(',', Suggestions.Of(Root, line.Remove(cursor, 1), cursor).Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("mlops pipel", "pipelines")]
    [InlineData("mlops experiments g", "get")]
    [InlineData("mlops runs list --lim", "--limit")]
    public async Task Bash_CompletesByTheScript(string line, string expected)
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "there is no bash.");
        var script = $$"""
            source <(mlops completion bash) || exit 1
            complete -p mlops >/dev/null || exit 1
            COMP_LINE='{{line}}'; COMP_POINT=${#COMP_LINE}; COMP_WORDS=($COMP_LINE); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _mlops; printf '%s\n' "${COMPREPLY[@]}"
            """;

        Assert.Equal(expected, await RunAsync("/bin/bash", ["--norc", "-c", script]));
    }

    [Theory]
    [InlineData("zsh", "-n")]
    [InlineData("fish", "--no-execute")]
    public async Task Script_IsUnderstood_WhereItsShellIsThere(string shell, string checkOnly)
    {
        var program = $"/usr/bin/{shell}";
        Assert.SkipUnless(File.Exists(program), $"{program} is not installed.");
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory.File("script"), CompletionScripts.Of(shell), TestContext.Current.CancellationToken);

        Assert.Equal("", await RunAsync(program, [checkOnly, directory.File("script")]));
    }

    private static async Task<string> RunAsync(string program, string[] args)
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{Path.GetDirectoryName(Terminal.Executable)}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, ""), (process.ExitCode, await error));
        return (await output).Trim();
    }
}
